"""
A committed file in which two merge requests have changed the same place.

Between git's markers (git-merge, "How conflicts are presented") stand the lines of one side, maybe
those of the common ancestor, and the lines of the other side.
"""

import re
from typing import Final

_MARKED: Final = re.compile(
    r"^<{7} .*\n(?P<ours>(?:.*\n)*?)(?:\|{7}.*\n(?:.*\n)*?)?={7}\n(?P<theirs>(?:.*\n)*?)>{7} .*\n",
    re.MULTILINE,
)


def line(text: str) -> int:
    """Where the first conflict begins, counted from one; 0 without any."""
    found = _MARKED.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def sides(text: str) -> tuple[str, ...]:
    """The text with all conflicts decided for one side, and for the other; itself without any."""
    return tuple(dict.fromkeys(_MARKED.sub(rf"\g<{side}>", text) for side in ("ours", "theirs")))
