"""
The ledger of a destination: one line for each import, and a copy of each bundle's record.

The records are the source of everything that is served; pages can be made again from them alone.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.errors import MatrixError, NotVerified, Problem
from matrix.record import schema
from matrix.record.canonical import InvalidRecord
from matrix.record.schema import Record, RecordedWheel

FILENAME: Final = "ledger.jsonl"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One import, by the digest of the record that came with it."""

    name: str
    version: str
    sequence: int
    record_sha256: str

    @property
    def record_path(self) -> str:
        """Where the destination keeps the record."""
        return f"records/{self.name}-{self.sequence}.json"

    @classmethod
    def of(cls, record: Record, sha256: str) -> "Entry":
        return cls(
            name=record.name,
            version=record.version,
            sequence=record.sequence,
            record_sha256=sha256,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Entries and their records, oldest first."""

    entries: tuple[Entry, ...]
    records: tuple[Record, ...]

    def newest(self, name: str) -> Entry | None:
        """The last import of bundles named ``name``."""
        return next((entry for entry in self.entries[::-1] if entry.name == name), None)

    def add(self, entry: Entry, record: Record) -> "Ledger":
        """Return the same ledger, with ``entry`` unless it has it."""
        if entry in self.entries:
            return self
        return Ledger(entries=(*self.entries, entry), records=(*self.records, record))

    def current_records(self) -> tuple[Record, ...]:
        """The newest record of each name."""
        return tuple({record.name: record for record in self.records}.values())


def read(destination: Path) -> Ledger:
    """The ledger of ``destination``; an empty one where nothing was imported yet."""
    if not (destination / FILENAME).exists():
        return Ledger(entries=(), records=())
    with files.reading(destination / FILENAME) as stream:
        lines = stream.read().splitlines()
    entries = tuple(_entry(line, number) for number, line in enumerate(lines, start=1))
    return Ledger(entries=entries, records=tuple(_record(destination, entry) for entry in entries))


def dump(entries: Iterable[Entry]) -> str:
    """The text of ``ledger.jsonl``."""
    lines = (json.dumps(dataclasses.asdict(entry), sort_keys=True) for entry in entries)
    return "".join(f"{line}\n" for line in lines)


def _entry(line: bytes, number: int) -> Entry:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError) as error:
        what = f"expected an import, got {line.decode('utf-8', errors='replace')!r}"
        raise NotVerified(Problem(place=FILENAME, line=number, what=what)) from error


def _record(destination: Path, entry: Entry) -> Record:
    try:
        with files.reading(destination / entry.record_path) as stream:
            data = stream.read()
    except MatrixError as error:
        raise NotVerified(*error.problems) from error
    if (digest := hashlib.sha256(data).hexdigest()) != entry.record_sha256:
        what = f"expected sha256 {entry.record_sha256}, got {digest}"
        raise NotVerified(Problem(place=entry.record_path, what=what))
    try:
        return schema.parse(data.decode("utf-8"))
    except (InvalidRecord, UnicodeDecodeError) as error:
        raise NotVerified(Problem(place=entry.record_path, what=str(error))) from error


def merge_wheels(records: Iterable[Record]) -> dict[str, RecordedWheel]:
    """
    The wheels of all ``records`` by filename, each shown to every target that any record names.

    Raises ``NotVerified`` when one filename has two digests: clients that installed the first would
    get another wheel under the same name.
    """
    wheels: dict[str, RecordedWheel] = {}
    problems = []
    for record in records:
        for wheel in record.wheels:
            first = wheels.setdefault(wheel.filename, wheel)
            if first.sha256 != wheel.sha256:
                what = f"expected sha256 {first.sha256}, as imported before, got {wheel.sha256}"
                problems.append(Problem(place=f"files/{wheel.filename}", what=what))
            targets = tuple(sorted({*first.targets, *wheel.targets}))
            wheels[wheel.filename] = dataclasses.replace(first, targets=targets)
    if problems:
        raise NotVerified.of(problems)
    return wheels
