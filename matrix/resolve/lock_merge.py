"""
A lock that git could not merge: two requests have added rows at the same place.

Between its markers (git-merge, "How conflicts are presented") stand the lines of one side, maybe
those of the common ancestor, and the lines of the other side.
"""

import dataclasses
import re
from typing import Final, TypeVar

from matrix.resolve.lock import Lock

_T = TypeVar("_T")
_MARKED: Final = re.compile(
    r"^<{7} .*\n(?P<ours>(?:.*\n)*?)(?:\|{7}.*\n(?:.*\n)*?)?={7}\n(?P<theirs>(?:.*\n)*?)>{7} .*\n",
    re.MULTILINE,
)


def first_marker(text: str) -> int:
    """The line of the first conflict, counted from one; 0 without any."""
    found = _MARKED.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def sides(text: str) -> tuple[str, ...]:
    """The text with all conflicts decided for one side, and for the other; itself without any."""
    return tuple(dict.fromkeys(_MARKED.sub(rf"\g<{side}>", text) for side in ("ours", "theirs")))


def _united(ours: tuple[_T, ...], theirs: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(ours + theirs))


def both(ours: Lock, theirs: Lock) -> Lock:
    """A lock to make a new one from, and for nothing else: it pins what either side pins."""
    return dataclasses.replace(
        ours,
        files=_united(ours.files, theirs.files),
        solutions=_united(ours.solutions, theirs.solutions),
        builds=_united(ours.builds, theirs.builds),
        build_files=_united(ours.build_files, theirs.build_files),
    )
