"""
A committed file in which two merge requests have changed the same place.

Between git's markers (git-merge, "How conflicts are presented") stand the lines of one side, maybe
those of the common ancestor, and the lines of the other side.
"""

import re
from typing import Final

from matrix.errors import Problem

_MARKED: Final = re.compile(
    r"^<{7} .*\n(?P<ours>(?:.*\n)*?)(?:\|{7}.*\n(?:.*\n)*?)?={7}\n(?P<theirs>(?:.*\n)*?)>{7} .*\n",
    re.MULTILINE,
)


def problem(text: str, *, place: str, hint: str) -> Problem | None:
    """The problem for the first conflict, if there is one."""
    conflict = _MARKED.search(text)
    if conflict is None:
        return None
    line = text.count("\n", 0, conflict.start()) + 1
    what = "has conflicts that git could not merge"
    return Problem(place=place, line=line, what=what, hint=hint)


def sides(text: str) -> tuple[str, ...]:
    """The text with all conflicts decided for one side, and for the other; itself without any."""
    return tuple(dict.fromkeys(_MARKED.sub(rf"\g<{side}>", text) for side in ("ours", "theirs")))
