"""Conflicts that git could not merge, found line by line."""

import pytest

from matrix.manifest import unmerged

from .growth import find_growth

CONFLICT = "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n"
DIFF3 = "<<<<<<< ours\na\n||||||| base\n0\n=======\nb\n>>>>>>> theirs\n"


@pytest.mark.parametrize("conflict", [CONFLICT, DIFF3], ids=["merge", "diff3"])
def test_each_side_has_its_lines(conflict: str) -> None:
    text = f"x\n{conflict}y\n{conflict}"

    assert unmerged.sides(text) == ("x\na\ny\na\n", "x\nb\ny\nb\n")
    assert str(unmerged.problem(text, place="f", hint="h")) == (
        "f:2: has conflicts that git could not merge\n  hint: h"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "<<<<<<< a\n",
        "<<<<<<< a\n=======\n",
        "=======\n>>>>>>> b\n",
        "<<<<<<<\n=======\n",
    ],
)
def test_a_text_without_a_whole_conflict_is_itself(text: str) -> None:
    assert unmerged.sides(text) == (text,)
    assert unmerged.problem(text, place="f", hint="") is None


@pytest.mark.parametrize("line", ["<<<<<<< a\n", "<<<<<<< a\n=======\n", "<<<<<<< a\n|||||||\n"])
def test_a_file_full_of_markers_takes_linear_time(line: str) -> None:
    assert find_growth(unmerged.sides, line * 40_000, line * 80_000) < 3
