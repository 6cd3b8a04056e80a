"""
Files of an index that cannot be used, and why: each is passed over, and one line says so.

A file is odd when its name, its link, its digest or its metadata cannot be read. Eggs, installers
and files of other kinds are not odd: they are no wheels or sdists.
"""

from collections.abc import Iterator
from typing import Final

from matrix.edge.quantities import count
from matrix.errors import Problem

CODE: Final = "odd-file"
_SHOWN: Final = 3

NO_DIGEST: Final = "no sha256"
NO_WHEEL_NAME: Final = "not the name of a wheel of the project"
UNREADABLE: Final = "cannot be read"
UNUSABLE_METADATA: Final = "unusable metadata"


class Oddities:
    """The odd files that one command came across; threads may add to them."""

    def __init__(self) -> None:
        self._reason_by_filename: dict[str, tuple[str, str]] = {}

    def add(self, filename: str, reason: str, detail: str = "") -> None:
        """Note that ``filename`` is passed over; ``detail`` is of this file alone."""
        self._reason_by_filename.setdefault(filename, (reason, detail))

    def take(self, place: str, *, is_all: bool) -> Iterator[Problem]:
        """Yield a problem for each reason, or for each file, and forget them."""
        reason_by_filename, self._reason_by_filename = self._reason_by_filename, {}
        names_by_reason: dict[str, list[str]] = {}
        for filename in sorted(reason_by_filename):
            reason, detail = reason_by_filename[filename]
            name = f"{filename!r} ({detail})" if detail else repr(filename)
            names_by_reason.setdefault(reason, []).append(name)
        for reason in sorted(names_by_reason):
            names = names_by_reason[reason]
            shown = names if is_all else names[:_SHOWN]
            rest = len(names) - len(shown)
            more = f" and {rest} more" if rest else ""
            what = f"{count(len(names), 'file')} passed over, {reason}: {', '.join(shown)}{more}"
            yield Problem(place=place, what=f"{what} [{CODE}]", hint="-v shows all" if rest else "")
