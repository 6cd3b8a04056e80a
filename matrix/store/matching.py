"""
The rows of indexes against what is wanted: by key, in one pass, and name and version must fit.

The first row of a key is taken. A later one with other bytes breaks the rule that the same key
gives the same bytes, and is named.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from matrix.store.entries import Entry
from matrix.store.lookup import StoredWheel, Wanted, create_problem

if TYPE_CHECKING:
    from matrix.errors import Problem

Place = tuple[str, str, str]
"""Content key, test key and target."""


class Matcher:
    """What was found so far for the cells that are wanted."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._wanted_by_place = {(w.content_key, w.test_key, w.target): w for w in wanted}
        self.entry_by_wanted: dict[Wanted, Entry] = {}
        self.past: dict[tuple[str, str], int] = {}
        """Seconds by project and target, of any version."""
        self.problems: list[Problem] = []

    @property
    def is_complete(self) -> bool:
        """Whether everything that is wanted was found."""
        return len(self.entry_by_wanted) == len(self._wanted_by_place)

    def add(self, rows: Iterable[Entry], *, refuse: Callable[[Entry], str] = lambda _: "") -> None:
        """
        Add the rows of an index; those of newer indexes come first.

        ``refuse`` says why a row that would be taken is not believed.
        """
        for row in rows:
            if row.seconds:
                self.past.setdefault((row.project, row.target), row.seconds)
            wanted = self._wanted_by_place.get((row.content_key, row.test_key, row.target))
            if wanted is None:
                continue
            known = self.entry_by_wanted.get(wanted)
            if known is not None:
                self._compare(known, row)
            elif reason := find_fault(row, wanted) or refuse(row):
                what = f"{row.filename} for {row.target}: {reason}"
                self.problems.append(create_problem("forged", what))
            else:
                self.entry_by_wanted[wanted] = row

    def _compare(self, known: Entry, row: Entry) -> None:
        if known.sha256 != row.sha256:
            what = (
                f"{row.filename} for {row.target}: runs {known.run} and {row.run} built different "
                f"bytes from the same inputs; run {known.run} is used"
            )
            self.problems.append(create_problem("conflict", what))


def find_fault(row: Entry, wanted: Wanted) -> str:
    """Why a row that has the keys of what is wanted cannot be it; empty when it can."""
    try:
        name, version, _, _ = parse_wheel_filename(row.filename)
        fits = (name, version) == (wanted.project, Version(wanted.version))
    except (InvalidWheelFilename, InvalidVersion):
        fits = False
    stated = (row.project, row.version) == (wanted.project, wanted.version)
    return "" if fits and stated else f"it is not {wanted.project} {wanted.version}"


def describe_entry(entry: Entry, *, run: str, location: str) -> StoredWheel:
    """The wheel of a row, with the run that built it in words, and where the kind finds it."""
    return StoredWheel(
        filename=entry.filename,
        sha256=entry.sha256,
        size=entry.size,
        seconds=entry.seconds,
        unlocked=entry.unlocked,
        run=run,
        location=location,
    )
