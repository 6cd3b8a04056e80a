"""A policy at lock time: what is passed over, why, and what an older lock is told."""

import json
from pathlib import Path

import pytest

from matrix.cli import main

from .index_server import IndexServer
from .manifests import text
from .wheels import make_sdist, make_wheel

NOW = "1795435200"  # 2026-11-23T12:00:00Z
P312 = "cp312-manylinux_2_28_x86_64"
EVERYWHERE = (
    "cp27-manylinux_2_17_x86_64, cp312-manylinux_2_28_x86_64, cp312-win_amd64, "
    "cp39-manylinux_2_28_x86_64"
)
OLD, YOUNG = "2026-10-01T00:00:00Z", "2026-11-20T10:00:00Z"
HINT = "hint: exclude those targets with a reason, or ask for another version"


class Repository:
    """A manifest that wants ``app``, which requires ``lib``."""

    def __init__(self, directory: Path, index: IndexServer) -> None:
        self.directory = directory
        self.index = index

    def publish(self, project: str, version: str, *, uploaded: str = OLD, stated: str = "") -> None:
        requires = "Requires-Dist: lib\n" if project == "app" else ""
        metadata = (
            f"Metadata-Version: 2.4\nName: {project}\nVersion: {version}\n{requires}{stated}\n\n"
        )
        path = make_wheel(self.index.directory, project, version, stated=metadata)
        self.index.add(path, uploaded=uploaded)

    def wants(self, policy: str) -> None:
        more = f"network: {{index: '{self.index.url}'}}\npolicy:\n  {policy}\n"
        (self.directory / "packages.yaml").write_text(text("app", more=more), encoding="utf-8")

    def run(self, verb: str, *arguments: str) -> int:
        options = ["--manifest", str(self.directory / "packages.yaml"), "--cache"]
        return main([verb, *arguments, *options, str(self.directory / "cache")])

    @property
    def locked(self) -> set[str]:
        lock = json.loads((self.directory / "packages.lock").read_text(encoding="utf-8"))
        return {f"{file['project']} {file['version']}" for file in lock["files"]}


@pytest.fixture
def here(tmp_path: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", NOW)
    made = Repository(tmp_path, index)
    made.publish("app", "1.0")
    made.publish("lib", "1.0")
    return made


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


def test_a_young_release_is_passed_over_until_it_is_old_enough(
    here: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.publish("lib", "2.0", uploaded=YOUNG)
    here.wants("cooldown: 7 days")

    assert here.run("lock") == 0
    assert here.locked == {"app 1.0", "lib 1.0"}

    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(NOW) + 7 * 24 * 3600))
    assert here.run("lock", "--check") == 0
    assert here.run("lock", "--upgrade") == 0
    assert here.locked == {"app 1.0", "lib 2.0"}


def test_a_project_may_be_exempt_from_the_cooldown(here: Repository) -> None:
    here.publish("lib", "2.0", uploaded=YOUNG)
    here.wants("cooldown: {age: 7 days, except: [l?b]}")

    assert here.run("lock") == 0
    assert here.locked == {"app 1.0", "lib 2.0"}


@pytest.mark.parametrize(
    ("uploaded", "why"),
    [
        (YOUNG, "uploaded 2026-11-20T10:00:00Z, younger than 7 days (policy.cooldown)"),
        ("", "no upload time on the index, so not known to be 7 days old (policy.cooldown)"),
    ],
    ids=["young", "not told"],
)
def test_a_requirement_that_only_young_files_satisfy_is_impossible_and_says_why(
    here: Repository, said: pytest.CaptureFixture[str], uploaded: str, why: str
) -> None:
    here.publish("app", "1.0", uploaded=uploaded)
    here.wants("cooldown: 7 days")

    assert here.run("lock", "--quiet") == 5
    told = said.readouterr().err
    assert f": app is impossible on {EVERYWHERE}: " in told
    assert why in told
    assert told.endswith(f"\n  {HINT}\n")


def test_a_pin_that_a_new_policy_refuses_moves(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.publish("lib", "2.0", uploaded=YOUNG)
    here.wants("lock: required")
    here.run("lock")
    assert here.locked == {"app 1.0", "lib 2.0"}
    here.wants("cooldown: 7 days")
    said.readouterr()

    assert here.run("lock", "--check", "--quiet") == 4
    assert said.readouterr().err == (
        "packages.lock: the lock was made under another policy "
        "(cooldown, licences or vulnerabilities)\n  hint: wheelyard lock\n"
    )
    assert here.run("lock", "--quiet") == 0
    assert "lib 2.0 -> 1.0 on every target\n" in said.readouterr().out
    assert here.locked == {"app 1.0", "lib 1.0"}
    assert here.run("lock", "--check") == 0


def test_a_denied_project_anywhere_in_a_closure_makes_the_lock_stale_without_network(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.wants("lock: required")
    here.run("lock")
    here.wants("projects: {deny: [{project: 'li*', reason: unmaintained}]}")
    asked = len(here.index.requests)
    said.readouterr()

    assert here.run("lock", "--check", "--quiet") == 4
    assert said.readouterr().err == (
        "packages.lock: locked, but 'lib' is denied: unmaintained (policy.projects.deny)\n"
        "  hint: wheelyard lock\n"
    )
    assert len(here.index.requests) == asked
    assert here.run("lock", "--quiet") == 5
    assert "'lib' is denied: unmaintained (policy.projects.deny)" in said.readouterr().err


def test_a_release_whose_licence_is_denied_is_passed_over(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.publish("lib", "2.0", stated="License-Expression: AGPL-3.0-only\n")
    here.publish("lib", "3.0", stated="License-Expression: MIT AND AGPL-3.0-or-later\n")
    here.publish("lib", "1.5", stated="License-Expression: MIT OR AGPL-3.0-only\n")
    here.wants("licences: {deny: [AGPL-*]}")

    assert here.run("lock") == 0
    assert here.locked == {"app 1.0", "lib 1.5"}
    told = said.readouterr().err
    assert "warning: app 1.0: licence is not stated (policy.licences.unknown)\n" in told
    assert [line for line in told.splitlines() if "passed over" in line] == [
        "lib 3.0 is passed over: licence AGPL-3.0-or-later is denied (policy.licences.deny)"
    ]


def test_what_the_manifest_says_of_a_licence_counts(here: Repository) -> None:
    here.publish("lib", "2.0", stated="License: ask us\n")
    here.wants("licences: {allow: [MIT], except: {app: MIT, lib: MIT OR Zlib}}")

    assert here.run("lock") == 0
    assert here.locked == {"app 1.0", "lib 2.0"}


def advisory(here: Repository, *fixed: str) -> None:
    events = [{"introduced": "1.5"}, *({"fixed": version} for version in fixed)]
    record = {
        "id": "PYSEC-1",
        "aliases": ["CVE-1"],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "lib"},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
    }
    (here.directory / "osv").mkdir(exist_ok=True)
    (here.directory / "osv" / "1.json").write_text(json.dumps(record), encoding="utf-8")


KNOWN = "lib 2.0: vulnerable: CVE-1, PYSEC-1; fixed in 3.0 (policy.vulnerabilities)"


def test_a_vulnerable_release_is_passed_over_or_told(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.publish("lib", "2.0")
    advisory(here, "3.0")
    here.wants("advisories: osv")

    assert here.run("lock") == 0
    assert here.locked == {"app 1.0", "lib 2.0"}
    assert f"warning: {KNOWN}\n" in said.readouterr().err

    here.wants("{advisories: osv, vulnerabilities: fail}")
    assert here.run("lock", "--quiet") == 0
    assert here.locked == {"app 1.0", "lib 1.0"}


def test_what_is_learnt_of_a_lock_later_fails_its_check(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.publish("lib", "2.0")
    advisory(here, "1.6")
    here.wants("{advisories: osv, vulnerabilities: fail}")
    here.run("lock")
    advisory(here, "3.0")
    said.readouterr()

    assert here.run("lock", "--check", "--quiet") == 4
    assert said.readouterr().err == (f"packages.lock: {KNOWN}\n  hint: wheelyard lock\n")


def test_the_same_manifest_and_day_make_the_same_lock(here: Repository) -> None:
    here.publish("lib", "2.0", uploaded=YOUNG)
    here.wants("{cooldown: 7 days, licences: {deny: [GPL-*, AGPL-*]}}")
    here.run("lock")
    first = (here.directory / "packages.lock").read_bytes()

    here.wants("{licences: {deny: [AGPL-*, GPL-*]}, cooldown: 7 days}")
    here.run("lock", "--upgrade")

    assert (here.directory / "packages.lock").read_bytes() == first


def test_a_build_that_escapes_the_policy_is_told(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.index.add(make_sdist(here.index.directory, "lib", "2.0"), uploaded=OLD)
    here.wants("cooldown: 7 days")

    assert here.run("lock") == 0
    told = said.readouterr().err
    assert "warning: lib-2.0.tar.gz: no policy holds for what its build installs on cp27-" in told
    here.wants("lock: required")
    assert here.run("lock") == 0
    assert "no policy holds" not in said.readouterr().err
