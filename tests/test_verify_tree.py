"""Files that a bundle may hold: names that every system can keep, and nothing but files."""

import os
import subprocess
from pathlib import Path

import pytest

from matrix.edge import limits
from matrix.errors import NotVerified
from matrix.verify import tree


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/./b", "'a/./b': leads elsewhere by '.'"),
        ("com1", "'com1': 'com1' is the name of a device on Windows"),
        ("a.", "'a.': 'a.' ends with a character that Windows drops"),
        ("a:b", "'a:b': holds a character that Windows cannot write"),
        ("a/CONOUT$", "'a/CONOUT$': 'CONOUT$' is the name of a device on Windows"),
        ("nul .txt", "'nul .txt': 'nul .txt' is the name of a device on Windows"),
        ("é" * 128, f"{'é' * 128!r}: a name is longer than 255 bytes"),
    ],
)
def test_names_that_cannot_travel_are_named(name: str, expected: str) -> None:
    assert [str(problem) for problem in tree.find_unportable([name])] == [expected]


def test_names_that_differ_only_in_accents_are_named() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"

    assert [str(problem) for problem in tree.find_unportable([composed, decomposed])] == [
        f"{composed!r}: differs from {decomposed!r} only in case or accents"
    ]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["Files/a", "files/b"], "'files': differs from 'Files' only in case or accents"),
        (["a", "a/b"], "'a/b': is a file and a directory"),
        (["a/b", "a"], "'a': is a file and a directory"),
        (["a", "a"], "'a': is a file twice"),
    ],
    ids=["case-of-a-directory", "below-a-file", "file-over-a-directory", "twice"],
)
def test_paths_that_exclude_each_other_are_named(paths: list[str], expected: str) -> None:
    known = tree.PortableTree()

    assert [str(problem) for path in paths for problem in known.add(path)] == [expected]


def test_the_limit_of_file_names() -> None:
    assert list(tree.find_unportable(["a" * 254, "a" * 255, "é" * 127, "a/b/c"])) == []
    assert [str(problem) for problem in tree.find_unportable(["a" * 256])] == [
        f"{'a' * 256!r}: a name is longer than 255 bytes"
    ]


def refusals(top: Path) -> list[str]:
    with pytest.raises(NotVerified) as caught:
        tree.list_files(top)
    return [str(problem) for problem in caught.value.problems]


def test_the_limit_of_levels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    for cap in (4, 3):
        monkeypatch.setitem(limits.CAP_BY_NAME, "levels of a bundle", cap)
        assert list(tree.list_files(tmp_path)[0]) == ["a/b/file"]

    monkeypatch.setitem(limits.CAP_BY_NAME, "levels of a bundle", 2)
    assert refusals(tmp_path) == [f"{tmp_path}: expected at most 2 levels of a bundle, got 3"]


def test_directories_are_followed_eight_levels_deep(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["a"] * 7)
    deep.mkdir(parents=True)
    (deep / "file").touch()
    assert list(tree.list_files(tmp_path)[0]) == ["a/a/a/a/a/a/a/file"]

    (deep / "a" / "a").mkdir(parents=True)
    assert refusals(tmp_path) == [f"{tmp_path}: expected at most 8 levels of a bundle, got 9"]


def test_a_thousand_nested_directories_are_refused(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(990):
        os.mkdir("a", dir_fd=here)
        here, outer = os.open("a", os.O_RDONLY, dir_fd=here), here
        os.close(outer)
    os.close(here)

    try:
        expected = f"{tmp_path}: expected at most 8 levels of a bundle, got 9"
        assert refusals(tmp_path) == [expected]
    finally:
        subprocess.run(["/bin/rm", "-r", tmp_path / "a"], check=True)  # shutil.rmtree recurses


def test_a_file_where_a_directory_belongs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b").touch()

    assert refusals(tmp_path / "b") == [f"{tmp_path / 'b'}: cannot be read: Not a directory"]
