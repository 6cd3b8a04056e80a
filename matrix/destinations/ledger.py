"""
The ledger of a destination: what was done to it, one line each, and the records of its bundles.

The lines and records alone decide what is served: pages can be made again from them. A line is
added and never changed; rolling back and withdrawing are lines too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final, Literal, Union

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from matrix.errors import NotVerified, Problem, UsageError
from matrix.record.schema import Record, RecordedWheel

FILENAME: Final = "ledger.jsonl"


@dataclasses.dataclass(frozen=True)
class Import:
    """A bundle that was imported, with the digest of its record."""

    name: str
    version: str
    sequence: int
    record_sha256: str
    action: Literal["import"] = "import"

    @property
    def record_path(self) -> str:
        """The place of the record at the destination."""
        return f"records/{self.name}-{self.sequence}.json"

    @classmethod
    def of(cls, record: Record, sha256: str) -> Import:
        return cls(record.name, record.version, record.sequence, sha256)


@dataclasses.dataclass(frozen=True)
class RollBack:
    """An import that was undone; its files stay, and it may be imported again."""

    name: str
    version: str
    sequence: int
    record_sha256: str
    action: Literal["roll back"] = "roll back"


@dataclasses.dataclass(frozen=True)
class Withdrawal:
    """A release that no page shows any more, even if a later bundle brings it."""

    project: str
    version: str
    reason: str
    action: Literal["withdraw"] = "withdraw"


@dataclasses.dataclass(frozen=True)
class Pruning:
    """Files that no import names, removed."""

    filenames: tuple[str, ...]
    action: Literal["prune"] = "prune"


@dataclasses.dataclass(frozen=True)
class Adoption:
    """Pages from elsewhere that the first import met and left as they are."""

    paths: tuple[str, ...]
    action: Literal["adopt"] = "adopt"


Line = Union[Import, RollBack, Withdrawal, Pruning, Adoption]


@dataclasses.dataclass(frozen=True)
class Ledger:
    """The lines, oldest first, and the record of each import."""

    lines: tuple[Line, ...] = ()
    record_by_sha256: Mapping[str, Record] = dataclasses.field(default_factory=dict)

    @property
    def imports(self) -> tuple[Import, ...]:
        """The imports in effect: those that were not rolled back, oldest first."""
        imports: list[Import] = []
        for line in self.lines:
            if isinstance(line, Import):
                imports.append(line)
            elif isinstance(line, RollBack):
                imports = [entry for entry in imports if entry.record_sha256 != line.record_sha256]
        return tuple(imports)

    @property
    def all_imports(self) -> tuple[Import, ...]:
        """The imports, rolled back or not; their files are kept."""
        return tuple(line for line in self.lines if isinstance(line, Import))

    @property
    def records(self) -> tuple[Record, ...]:
        """The records of the imports in effect."""
        return tuple(self.record_by_sha256[entry.record_sha256] for entry in self.imports)

    @property
    def newest_records(self) -> tuple[Record, ...]:
        """The newest record of each name."""
        return tuple({record.name: record for record in self.records}.values())

    @property
    def withdrawals(self) -> tuple[Withdrawal, ...]:
        return tuple(line for line in self.lines if isinstance(line, Withdrawal))

    @property
    def adopted_paths(self) -> frozenset[str]:
        adoptions = (line for line in self.lines if isinstance(line, Adoption))
        return frozenset(path for adoption in adoptions for path in adoption.paths)

    @property
    def target_ids(self) -> tuple[str, ...]:
        """The targets that have a view, sorted."""
        return tuple(sorted({target.id for record in self.records for target in record.targets}))

    @property
    def wheels(self) -> tuple[RecordedWheel, ...]:
        """What pages show: the wheels of all imports in effect, without withdrawn releases."""
        withdrawn = {(line.project, line.version) for line in self.withdrawals}
        wheels = merge_wheels(self.records).values()
        return tuple(wheel for wheel in wheels if (wheel.project, wheel.version) not in withdrawn)

    def find_newest(self, name: str) -> Import | None:
        """The newest import in effect of bundles named ``name``; of any bundle without a name."""
        imports = reversed(self.imports)
        return next((entry for entry in imports if name in {"", entry.name}), None)

    def add(self, line: Line, *records: tuple[str, Record]) -> Ledger:
        """Return the same ledger with ``line``, and ``records`` with their digests."""
        return Ledger((*self.lines, line), {**self.record_by_sha256, **dict(records)})

    def add_import(self, entry: Import, record: Record) -> Ledger:
        """
        Return the same ledger with ``entry``, or itself if ``entry`` is its newest of that name.

        Raises ``NotVerified`` for a bundle that is older than the newest, for another bundle with
        the sequence of an earlier one, and for a wheel whose name another wheel has already.
        """
        newest = self.find_newest(entry.name)
        if newest == entry:
            return self
        place = f"{entry.name} {entry.version}"
        if newest is not None and entry.sequence <= newest.sequence:
            what = f"expected a sequence above {newest.sequence}, got {entry.sequence}"
            what = f"{what}: {newest.version} was imported before"
            raise NotVerified(Problem(place=place, what=what))
        twin = next((line for line in self.all_imports if _is_twin(line, entry)), entry)
        if twin.record_sha256 != entry.record_sha256:
            what = (
                f"expected the bundle with sequence {entry.sequence} that was rolled back, "
                f"sha256 {twin.record_sha256}, got sha256 {entry.record_sha256}"
            )
            raise NotVerified(Problem(place=place, what=what, hint="seal a bundle anew"))
        after = self.add(entry, (entry.record_sha256, record))
        merge_wheels(after.records)
        return after

    def roll_back(self, name: str) -> Ledger:
        """Return the ledger without the newest import of ``name``, or of all without a name."""
        newest = self.find_newest(name)
        if newest is None:
            what = "expected an import to roll back, got none"
            raise UsageError(Problem(place=name or FILENAME, what=what))
        return self.add(
            RollBack(newest.name, newest.version, newest.sequence, newest.record_sha256)
        )

    def withdraw(self, project: str, version: str, reason: str) -> Ledger:
        """Return the ledger without the release; pages no longer show it."""
        name = canonicalize_name(project)
        versions = sorted({wheel.version for wheel in self.wheels if wheel.project == name})
        release = next((text for text in versions if _is_same(text, version)), "")
        if not release:
            what = f"expected a release that pages show, got {version!r}"
            hint = f"releases: {', '.join(versions)}" if versions else ""
            raise UsageError(Problem(place=name, what=what, hint=hint))
        return self.add(Withdrawal(name, release, reason))


def _is_twin(line: Import, entry: Import) -> bool:
    return (line.name, line.sequence) == (entry.name, entry.sequence)


def _is_same(version: str, other: str) -> bool:
    try:
        return Version(version) == Version(other)
    except InvalidVersion:
        return False


def merge_wheels(records: Iterable[Record]) -> dict[str, RecordedWheel]:
    """
    The wheels of all ``records`` by filename, each shown to every target that any record names.

    Raises ``NotVerified`` when one filename has two digests: clients that installed the first would
    get another wheel under the same name.
    """
    wheel_by_filename: dict[str, RecordedWheel] = {}
    problems = []
    for record in records:
        for wheel in record.wheels:
            first = wheel_by_filename.setdefault(wheel.filename, wheel)
            if first.sha256 != wheel.sha256:
                what = f"expected sha256 {first.sha256}, as imported before, got {wheel.sha256}"
                problems.append(Problem(place=f"files/{wheel.filename}", what=what))
            targets = tuple(sorted({*first.targets, *wheel.targets}))
            wheel_by_filename[wheel.filename] = dataclasses.replace(first, targets=targets)
    if problems:
        raise NotVerified.of(problems)
    return wheel_by_filename


def list_owed(wheel: RecordedWheel) -> tuple[tuple[str, str], ...]:
    """The files of ``files/`` that belong to ``wheel``, with digests; the wheel itself last."""
    return (
        (f"{wheel.filename}.metadata", wheel.metadata_sha256),
        (wheel.filename, wheel.sha256),
    )
