"""Two merge requests that add different projects: git merges their locks by itself."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from matrix.errors import LockError
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock

from .locks import P27, P39, P312, WIN, lock, wheel

ALL = (P27, P39, P312, WIN)
Merge = Callable[..., str]


def made(*projects: str) -> Lock:
    return lock(*(wheel(project, targets=ALL) for project in sorted(projects)))


def git(directory: Path, *arguments: str, allowed: Sequence[int] = (0,)) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@index.example"]
    command = ["git", "-C", str(directory), *who, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in allowed, done.stderr
    return done.stdout


@pytest.fixture
def merge(tmp_path: Path) -> Merge:
    """Merge two locks that were made from a third one; what git writes comes back."""

    def merged(base: Lock, ours: Lock, theirs: Lock, style: str = "merge") -> str:
        path = tmp_path / lockfile.FILENAME
        git(tmp_path, "init", "--quiet", "--initial-branch", "base")
        for branch, content in (("base", base), ("ours", ours), ("theirs", theirs)):
            git(tmp_path, "checkout", "--quiet", *(["-b", branch, "base"] if branch != "base" else
                                                   ["--orphan", "start"]))  # fmt: skip
            path.write_text(lockfile.dump(content), encoding="utf-8", newline="\n")
            git(tmp_path, "add", lockfile.FILENAME)
            git(tmp_path, "commit", "--quiet", "-m", branch)
            if branch == "base":
                git(tmp_path, "branch", "-M", "base")
        git(tmp_path, "config", "merge.conflictStyle", style)
        git(tmp_path, "merge", "--quiet", "--no-edit", "ours", allowed=(0, 1))
        return path.read_text(encoding="utf-8")

    return merged


def test_projects_that_are_added_apart_merge_to_what_would_be_locked(merge: Merge) -> None:
    base = ("django", "numpy", "six", "zope-interface")

    text = merge(made(*base), made(*base, "attrs", "flask"), made(*base, "pillow", "urllib3"))

    assert text == lockfile.dump(made(*base, "attrs", "flask", "pillow", "urllib3"))


def test_one_request_may_add_what_another_moves(merge: Merge) -> None:
    def of(version: str, *more: str) -> Lock:
        others = [wheel(name, targets=ALL) for name in ("flask", "numpy", "six", "zope", *more)]
        files = [wheel("attrs", targets=ALL, version=version), *others]
        return lock(*sorted(files, key=lambda file: file.project))

    assert merge(of("1.0"), of("2.0"), of("1.0", "pillow")) == lockfile.dump(of("2.0", "pillow"))


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_what_git_cannot_merge_keeps_the_pins_of_both_sides(
    merge: Merge, tmp_path: Path, style: str
) -> None:
    def versions(lock: Lock | None) -> dict[str, set[str]]:
        kept = lockfile.read_pins(lock, upgrade=frozenset())[P312]
        return {name: {str(version) for version in all_} for name, all_ in kept.items()}

    def of(version: str, *more: str) -> Lock:
        return lock(wheel("attrs", targets=ALL, version=version), *made("six", *more).files)

    text = merge(of("1.0"), of("2.0", "yarl"), of("3.0", "zope"), style)

    (tmp_path / lockfile.FILENAME).write_text(text, encoding="utf-8")
    with pytest.raises(LockError) as caught:
        lockfile.load(tmp_path / lockfile.FILENAME)
    line = text[: text.index("<<<<<<<")].count("\n") + 1
    assert str(caught.value) == (
        f"packages.lock:{line}: has conflicts that git could not merge\n"
        "  hint: wheelyard lock keeps what both sides pin"
    )
    assert versions(lockfile.load_to_renew(tmp_path / lockfile.FILENAME)) == {
        "attrs": {"2.0", "3.0"},
        "six": {"1.0"},
        "yarl": {"1.0"},
        "zope": {"1.0"},
    }
