"""
Kind ``directory``: wheels in a directory that runners share.

Wheels lie by digest, so that two runs never write two contents under one name, and entries by key,
so that a look-up reads what it wants and nothing else::

    PLACE/entries/ab/ab12...-cp312-win_amd64.json    a store.json of one row
    PLACE/seconds/netifaces/cp312-win_amd64          how long the last build took
    wheels/9f/9f03.../netifaces-0.11.0-...whl

``PLACE`` is ``trusted`` for the default branch and its release tags, and ``requests/NAME`` for a
merge request or another branch. The directory's permissions are what holds the two apart: a runner
of merge requests must not be able to write below ``trusted``.
"""

import contextlib
import dataclasses
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.errors import MatrixError, Problem
from matrix.store import entries
from matrix.store.entries import Entry, StoreIndex
from matrix.store.lookup import Damaged, Lookup, StoredWheel, Wanted, create_problem
from matrix.store.matching import describe_entry

TRUSTED: Final = "trusted"
_LONGEST_SECONDS: Final = 12


class SharedDirectory:
    """The store below ``root``; a merge request reads ``place`` too, and writes nothing else."""

    takes_files = True

    def __init__(self, root: Path, *, place: str = TRUSTED) -> None:
        self._root = root
        self._place = place

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"directory {self._root}"

    def close(self) -> None:
        """Nothing is open."""

    def find(self, wanted: Sequence[Wanted]) -> Lookup:
        """The wheels of the default branch, then those of the run's own place."""
        if not self._root.is_dir():
            what = "the directory of the store was not found"
            hint = "create it, or mount it on the runners: store.directory in packages.yaml"
            raise MatrixError(Problem(place=str(self._root), what=what, hint=hint))
        wheel_by_wanted: dict[Wanted, StoredWheel] = {}
        problems: list[Problem] = []
        past: dict[tuple[str, str], int] = {}
        for each in wanted:
            for place in dict.fromkeys((TRUSTED, self._place)):
                if each not in wheel_by_wanted and (entry := self._read(place, each, problems)):
                    wheel_by_wanted[each] = self._describe(entry)
                if seconds := self._read_seconds(place, each):
                    past.setdefault((each.project, each.target), seconds)
        line = f"{len(wheel_by_wanted)} of {len(wanted)} wheels are in {self.name}"
        return Lookup(
            wheel_by_wanted=wheel_by_wanted, past=past, problems=tuple(problems), lines=(line,)
        )

    def fetch(self, wheel: StoredWheel, path: Path) -> None:
        """Copy a wheel to ``path``, its digest checked."""
        source = self._locate_wheel(wheel.sha256, wheel.filename)
        if not source.is_file():
            raise Damaged("expired", "the store has the entry without the wheel")
        try:
            files.copy(source, path, sha256=wheel.sha256)
        except MatrixError as error:
            raise Damaged("damaged", error.problems[0].what) from error

    def put(self, index: StoreIndex, path_by_entry: Mapping[Entry, Path]) -> Sequence[Problem]:
        """Keep wheels; an entry that is there stays, because the same key gives the same bytes."""
        problems = []
        for entry, path in sorted(path_by_entry.items()):
            copy = self._locate_wheel(entry.sha256, entry.filename)
            if not copy.is_file():
                files.copy(path, copy, sha256=entry.sha256)
            if known := self._add(dataclasses.replace(index, wheels=(entry,))):
                what = (
                    f"{entry.filename} for {entry.target}: the store keeps the wheel of run "
                    f"{known.run}, which differs (sha256 {known.sha256}, not {entry.sha256})"
                )
                problems.append(create_problem("conflict", what))
            if entry.seconds:
                where = self._locate_seconds(self._place, entry.project, entry.target)
                files.write(where, f"{entry.seconds}\n", durable=False)
        return problems

    def _add(self, index: StoreIndex) -> Entry | None:
        """Write an entry that is new; return the one that is there if it has other bytes."""
        (entry,) = index.wheels
        path = self._locate_entry(self._place, entry.content_key, entry.test_key, entry.target)
        if _create(path, entries.dump(index)):
            return None
        with contextlib.suppress(MatrixError):
            (known,) = _read_entry(path)
            return known if known.sha256 != entry.sha256 else None
        # What is there cannot be read: it is replaced.
        files.write(path, entries.dump(index))
        return None

    def _read(self, place: str, wanted: Wanted, problems: list[Problem]) -> Entry | None:
        """The entry for what is wanted, if there is one that is what its place says."""
        path = self._locate_entry(place, wanted.content_key, wanted.test_key, wanted.target)
        if not path.is_file():
            return None
        try:
            (entry,) = _read_entry(path)
        except MatrixError as error:
            problems.append(create_problem("damaged", str(error.problems[0].what)))
            return None
        if (entry.keys, entry.target) != (wanted.keys, wanted.target):
            what = f"{entry.filename} for {entry.target} lies under another key"
            problems.append(create_problem("forged", what))
            return None
        return entry

    def _describe(self, entry: Entry) -> StoredWheel:
        return describe_entry(entry, run=f"run {entry.run}", location=f"directory/{entry.sha256}")

    def _read_seconds(self, place: str, wanted: Wanted) -> int:
        path = self._locate_seconds(place, wanted.project, wanted.target)
        try:
            text = path.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            return 0
        is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_SECONDS
        return int(text) if is_number else 0

    def _locate_wheel(self, sha256: str, filename: str) -> Path:
        return self._root / "wheels" / sha256[:2] / sha256 / filename

    def _locate_entry(self, place: str, content_key: str, test_key: str, target: str) -> Path:
        name = hashlib.sha256(f"{content_key} {test_key} {target}".encode()).hexdigest()
        return self._root / place / "entries" / name[:2] / f"{name}.json"

    def _locate_seconds(self, place: str, project: str, target: str) -> Path:
        return self._root / place / "seconds" / project / target


def name_place(*, is_trusted: bool, request: str, ref: str) -> str:
    """
    The place of a run below the root.

    >>> name_place(is_trusted=False, request="12", ref="refs/pull/12/merge")
    'requests/12'
    """
    if is_trusted:
        return TRUSTED
    # A branch may be called anything; its digest is a file name everywhere.
    name = request if request.isdigit() else hashlib.sha256(ref.encode()).hexdigest()[:16]
    return f"requests/{name}"


def _read_entry(path: Path) -> tuple[Entry, ...]:
    with files.reading(path) as stream:
        index = entries.parse(stream.read(), source=path.name)
    if len(index.wheels) != 1:
        what = f"expected one row, got {len(index.wheels)}"
        raise MatrixError(Problem(place=path.name, what=what))
    return index.wheels


def _create(path: Path, text: str) -> bool:
    """Write a file that is not there; whether it was written, by one of any number of processes."""
    if path.is_file():
        return False
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    files.write(temporary, text)
    try:
        # Unlike a rename, a link fails where the name is taken.
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:
        # Not every network file system has links; the last writer wins there.
        temporary.replace(path)
        return True
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return True


def list_places(root: Path) -> Iterator[str]:
    """The places that have entries, sorted."""
    if (root / TRUSTED).is_dir():
        yield TRUSTED
    yield from sorted(
        f"requests/{path.name}" for path in (root / "requests").glob("*") if path.is_dir()
    )
