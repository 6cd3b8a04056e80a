"""The list of mutants fits the product; ``nox -s mutants`` runs it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .mutants.__main__ import Mutant, find_mismatch, read_mutants

MUTANTS = read_mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_mutant_stands_where_its_entry_says(mutant: Mutant) -> None:
    assert find_mismatch(mutant) == ""
    assert mutant.old != mutant.new


def test_the_names_of_mutants_differ() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (
            lambda top: (top / "a.py").write_text("x\n"),
            "expected the old text once in a.py, found it 0 times",
        ),
        (
            lambda top: (top / "a.py").write_text("old old\n"),
            "expected the old text once in a.py, found it 2 times",
        ),
        (lambda top: (top / "a.py").unlink(), "a.py not found"),
        (lambda top: (top / "test_a.py").unlink(), "test_a.py::test_b not found"),
    ],
    ids=["changed", "twice", "file-gone", "test-gone"],
)
def test_an_entry_that_does_not_fit_says_why(
    tmp_path: Path, spoil: Callable[[Path], object], expected: str
) -> None:
    (tmp_path / "a.py").write_text("old\n")
    (tmp_path / "test_a.py").write_text("")
    mutant = Mutant(name="m", file="a.py", old="old", new="new", tests=("test_a.py::test_b",))
    assert find_mismatch(mutant, tmp_path) == ""

    spoil(tmp_path)

    assert find_mismatch(mutant, tmp_path) == expected
