"""``lock --diff``: what a lock changes since a revision, for people and as JSON."""

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from matrix.cli import main
from matrix.documents.fields import Pins
from matrix.report import locks as report
from matrix.resolve import lockfile
from matrix.resolve.lock import SCHEMA, Lock, NoSolution

from .locks import P27, P39, P312, WIN, lock, wheel
from .manifests import text

ALL = (P27, P39, P312, WIN)


def impossible(requirement: str, *targets: str, reason: str = "no wheel") -> tuple[NoSolution, ...]:
    return tuple(
        NoSolution(root=requirement, requirements=(requirement,), target=t, reason=reason)
        for t in targets
    )


BEFORE = lock(wheel("six", targets=ALL), wheel("gone", targets=(P312,)))
AFTER = lock(
    wheel("six", targets=(P39, P312, WIN), version="2.0"),
    wheel("new", targets=ALL),
)


def told(old: Lock | None, new: Lock) -> str:
    return report.text(report.compare_locks(old, new), len(new.targets))


def test_a_difference_is_told_in_lines() -> None:
    old = dataclasses.replace(BEFORE, impossible=impossible("cffi>=9", P39, P312))
    new = dataclasses.replace(AFTER, impossible=impossible("six", P27, reason="too old"))

    assert told(old, new) == (
        f"gone 1.0 -> (none) on {P312}\n"
        "new (none) -> 1.0 on every target\n"
        f"six 1.0 -> (none) on {P27}\n"
        f"six 1.0 -> 2.0 on {P312}, {WIN}, {P39}\n"
        f"six impossible on {P27}: too old\n"
        f"cffi>=9 no longer impossible on {P312}, {P39}\n"
    )
    assert told(new, new) == "nothing changed\n"


def test_targets_and_replaced_files_are_told() -> None:
    file = wheel("six", targets=ALL)
    swapped = lock(dataclasses.replace(file, sha256="0" * 64))
    fewer = dataclasses.replace(lock(file), targets=BEFORE.targets[1:])

    assert told(fewer, swapped) == (
        f"target {BEFORE.targets[0].id} added\n"
        f"six-1.0-py3-none-any.whl has other bytes: sha256 {file.sha256} -> {'0' * 64}\n"
    )
    assert told(lock(file), fewer) == f"target {BEFORE.targets[0].id} removed\n"


def test_without_a_lock_before_everything_is_new() -> None:
    assert told(None, lock(wheel("six", targets=ALL))) == (
        "".join(f"target {target} added\n" for target in sorted(ALL))
        + "six (none) -> 1.0 on every target\n"
    )


class Checkout:
    """A manifest with its lock in a directory that git may know."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "deep" / "er"
        self.directory.mkdir(parents=True)
        self.top = directory
        (self.directory / "packages.yaml").write_text(text("six"), encoding="utf-8")

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@index.example"]
        command = ["git", "-C", str(self.top), *who, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def commit(self, tag: str) -> None:
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "-m", tag)
        self.git("tag", tag)

    def write(self, made: Lock) -> None:
        path = self.directory / lockfile.FILENAME
        path.write_text(lockfile.dump(made), encoding="utf-8", newline="\n")

    def run(self, *arguments: str) -> int:
        manifest = str(self.directory / "packages.yaml")
        return main(["lock", *arguments, "--manifest", manifest, "--quiet"])


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    # Whatever lies above the temporary directory is no checkout of ours.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return Checkout(tmp_path)


def test_the_lock_is_compared_with_the_one_of_a_revision(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.git("init", "--quiet")
    checkout.commit("empty")
    checkout.write(BEFORE)
    checkout.commit("v1")
    checkout.write(AFTER)

    assert checkout.run("--diff", "v1") == 0
    assert capsys.readouterr().out == told(BEFORE, AFTER)
    assert checkout.run("--diff", "HEAD~1") == 0
    assert capsys.readouterr().out == told(None, AFTER)


def test_the_difference_can_be_had_as_json(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.git("init", "--quiet")
    checkout.write(BEFORE)
    checkout.commit("v1")
    checkout.write(lock(wheel("six", targets=ALL, version="2.0")))

    assert checkout.run("--diff", "v1", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "changes": [
            {"project": "gone", "before": ["1.0"], "after": [], "targets": [P312]},
            {"project": "six", "before": ["1.0"], "after": ["2.0"], "targets": sorted(ALL)},
        ],
        "impossible": [],
        "solved": [],
        "replaced": [],
        "targets_added": [],
        "targets_removed": [],
    }


def test_a_directory_that_git_does_not_know_is_an_error(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.write(AFTER)

    assert checkout.run("--diff", "HEAD") == 2
    assert capsys.readouterr().err == (
        "lock --diff: expected a git checkout, got 'er', which is none\n"
    )


@pytest.mark.parametrize("revision", ["v9", "--output=stolen", "HEAD:deep", "", "a b"])
def test_what_is_no_revision_is_an_error(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], revision: str
) -> None:
    checkout.git("init", "--quiet")
    checkout.write(AFTER)
    checkout.commit("v1")

    assert checkout.run(f"--diff={revision}") == 2
    assert capsys.readouterr().err == (
        f"lock --diff: expected a revision of this checkout, got {revision!r}\n"
        "  hint: git log --oneline\n"
    )
    assert sorted(p.name for p in checkout.directory.iterdir()) == [
        "packages.lock", "packages.yaml",
    ]  # fmt: skip


def test_without_a_lock_there_is_nothing_to_compare(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.git("init", "--quiet")
    checkout.commit("v1")

    assert checkout.run("--diff", "v1") == 4
    assert capsys.readouterr().err == ("packages.lock: not found\n  hint: wheelyard lock\n")


def test_a_machine_without_git_is_told_so(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(checkout.directory))

    assert checkout.run("--diff", "v1") == 14
    assert capsys.readouterr().err == "lock --diff: expected the program 'git', got none\n"


def test_a_lock_of_a_newer_version_is_not_guessed_at(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.git("init", "--quiet")
    checkout.write(AFTER)
    path = checkout.directory / lockfile.FILENAME
    path.write_text('{"schema": 99}', encoding="utf-8")
    checkout.commit("later")
    checkout.write(AFTER)

    assert checkout.run("--diff", "later") == 4
    assert capsys.readouterr().err == (
        f"packages.lock of later: expected schema {SCHEMA}, got 99\n"
        "  hint: use the version that wrote it\n"
    )


def test_two_versions_of_a_project_on_a_target_are_told_together() -> None:
    both = lock(wheel("six", targets=ALL))
    (solution,) = both.solutions
    pins = Pins((project, Version("0.9")) for project, _ in solution.pins)
    other = dataclasses.replace(solution, root="old", pins=pins)
    several = dataclasses.replace(both, solutions=(solution, other))

    assert told(both, several) == "six 1.0 -> 0.9 and 1.0 on every target\n"
