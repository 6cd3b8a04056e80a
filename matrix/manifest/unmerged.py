"""
A committed file in which two merge requests have changed the same place.

Between git's markers (git-merge, "How conflicts are presented") stand the lines of one side, maybe
those of the common ancestor, and the lines of the other side. The markers are found line by line: a
regular expression for the whole of them takes quadratic time for a file full of them.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

from matrix.errors import Problem

_START: Final = "<<<<<<< "
_ANCESTOR: Final = "|||||||"
_MIDDLE: Final = "======="
_END: Final = ">>>>>>> "


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Conflict:
    """The places of a conflict's lines, markers included: from ``start`` to before ``end``."""

    start: int
    ours: slice
    theirs: slice
    end: int


def problem(text: str, *, place: str, hint: str) -> Problem | None:
    """The problem for the first conflict, if there is one."""
    conflict = next(_find_conflicts(text.split("\n")), None)
    if conflict is None:
        return None
    what = "has conflicts that git could not merge"
    return Problem(place=place, line=conflict.start + 1, what=what, hint=hint)


def sides(text: str) -> tuple[str, ...]:
    """The text with all conflicts decided for one side, and for the other; itself without any."""
    lines = text.split("\n")
    conflicts = tuple(_find_conflicts(lines))
    chosen = (_choose(lines, conflicts, [getattr(each, side) for each in conflicts])
              for side in ("ours", "theirs"))  # fmt: skip
    return tuple(dict.fromkeys(chosen))


def _choose(lines: list[str], conflicts: Sequence[_Conflict], sides: Sequence[slice]) -> str:
    result, done = list[str](), 0
    for conflict, side in zip(conflicts, sides, strict=True):
        result += [*lines[done : conflict.start], *lines[side]]
        done = conflict.end
    return "\n".join([*result, *lines[done:]])


def _find_conflicts(lines: Sequence[str]) -> Iterator[_Conflict]:
    """Every conflict with all of its markers, in order."""
    start = end_of_ours = middle = -1
    for number, line in enumerate(lines):
        if start < 0:
            start = number if line.startswith(_START) else -1
        elif middle < 0 and end_of_ours < 0 and line.startswith(_ANCESTOR):
            end_of_ours = number
        elif middle < 0 and line == _MIDDLE:
            end_of_ours = number if end_of_ours < 0 else end_of_ours
            middle = number
        elif middle >= 0 and line.startswith(_END):
            ours, theirs = slice(start + 1, end_of_ours), slice(middle + 1, number)
            yield _Conflict(start=start, ours=ours, theirs=theirs, end=number + 1)
            start = end_of_ours = middle = -1
