"""Two merge requests that add different projects: git merges their locks by itself."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from matrix.resolve import lockfile
from matrix.resolve.lock import Lock

from .locks import P27, P39, P312, WIN, lock, wheel

ALL = (P27, P39, P312, WIN)
Merge = Callable[[Lock, Lock, Lock], str]


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

    def merged(base: Lock, ours: Lock, theirs: Lock) -> str:
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
