"""
The ledger of a destination: what was done to it, one line each, and the records of its bundles.

The lines and records alone decide what is served: pages can be made again from them. A line is
added and never changed; rolling back and withdrawing are lines too.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Final

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from matrix.destinations.lines import (
    NO_STAMP,
    Adoption,
    Import,
    Line,
    Retirement,
    RollBack,
    Stamp,
    Withdrawal,
)
from matrix.destinations.merging import merge_wheels
from matrix.errors import NotVerified, Problem, UsageError
from matrix.record.schema import Record, RecordedWheel

FILENAME: Final = "ledger.jsonl"


@dataclasses.dataclass(frozen=True)
class Ledger:
    """The lines, oldest first, and the record of each import."""

    lines: tuple[Line, ...] = ()
    record_by_sha256: Mapping[str, Record] = dataclasses.field(default_factory=dict)
    stamp: Stamp = NO_STAMP
    """Of the lines that are added."""

    @functools.cached_property
    def imports(self) -> tuple[Import, ...]:
        """The imports in effect: neither rolled back nor retired, oldest first."""
        imports: list[Import] = []
        for line in self.lines:
            if isinstance(line, Import):
                imports.append(line)
            elif isinstance(line, (RollBack, Retirement)):
                imports = [entry for entry in imports if entry.record_sha256 != line.record_sha256]
        return tuple(imports)

    @property
    def all_imports(self) -> tuple[Import, ...]:
        """The imports, those that were undone or retired too."""
        return tuple(line for line in self.lines if isinstance(line, Import))

    @property
    def kept_records(self) -> tuple[Record, ...]:
        """The records whose files are kept: an import that was rolled back may be made again."""
        retired = {line.record_sha256 for line in self.lines if isinstance(line, Retirement)}
        digests = {entry.record_sha256: None for entry in self.all_imports}
        return tuple(self.record_by_sha256[digest] for digest in digests if digest not in retired)

    @property
    def records(self) -> tuple[Record, ...]:
        """The records of the imports in effect."""
        return tuple(self.record_by_sha256[entry.record_sha256] for entry in self.imports)

    @property
    def newest_records(self) -> tuple[Record, ...]:
        """The newest record of each name: what they require must install."""
        return tuple({record.name: record for record in self.records}.values())

    def find_shown(self, target_id: str) -> tuple[Record, ...]:
        """
        The newest record of each name that has the target.

        Where the newest of all has it no more, clients of the target keep what they see.
        """
        named = [r for r in self.records if any(target.id == target_id for target in r.targets)]
        return tuple({record.name: record for record in named}.values())

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

    @functools.cached_property
    def wheels(self) -> tuple[RecordedWheel, ...]:
        """What pages show: the wheels of all imports in effect, without withdrawn releases."""
        return self._filter_shown(merge_wheels(self.records).values())

    @functools.cached_property
    def wheels_by_tree(self) -> Mapping[str, tuple[RecordedWheel, ...]]:
        """
        What each view shows, by the directory of its pages; none before the first import.

        The view of a target has the wheels of the newest bundle of each name, and no others: they
        are what was proven there.
        """
        if not self.all_imports:
            return {}
        wheels_by_tree = {"simple": self.wheels}
        for target in self.target_ids:
            merged = merge_wheels(self.find_shown(target)).values()
            suiting = (wheel for wheel in merged if target in wheel.targets)
            wheels_by_tree[f"targets/{target}/simple"] = self._filter_shown(suiting)
        return wheels_by_tree

    def _filter_shown(self, wheels: Iterable[RecordedWheel]) -> tuple[RecordedWheel, ...]:
        withdrawn = {(line.project, _parse_version(line.version)) for line in self.withdrawals}
        if not withdrawn:
            return tuple(wheels)
        return tuple(w for w in wheels if (w.project, _parse_version(w.version)) not in withdrawn)

    def find_label(self, filename: str) -> str:
        """The newest bundle in effect that brings the wheel ``filename``; empty if none does."""
        labels = [
            record.label
            for record in self.records
            if any(wheel.filename == filename for wheel in record.wheels)
        ]
        return labels[-1] if labels else ""

    def find_newest(self, name: str) -> Import | None:
        """The newest import in effect of bundles named ``name``; of any bundle without a name."""
        imports = reversed(self.imports)
        return next((entry for entry in imports if name in {"", entry.name}), None)

    def add(self, line: Line, *records: tuple[str, Record]) -> Ledger:
        """Return the same ledger with ``line``, and ``records`` with their digests."""
        if not line.when:
            line = dataclasses.replace(line, who=self.stamp.who, when=self.stamp.when)
        record_by_sha256 = {**self.record_by_sha256, **dict(records)}
        return Ledger((*self.lines, line), record_by_sha256, self.stamp)

    def add_import(self, entry: Import, record: Record) -> Ledger:
        """
        Return the same ledger with ``entry``, or itself if ``entry`` is in effect.

        Raises ``NotVerified`` for a bundle that is older than the newest, for another bundle with
        the sequence of an earlier one, and for a wheel whose name another wheel has already.
        """
        if entry in self.imports:
            return self
        newest = self.find_newest(entry.name)
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

    def retire(self, keep: int) -> Ledger:
        """Return the ledger without the imports that ``keep`` newer ones of their name replaced."""
        ledger = self
        for name in sorted({entry.name for entry in self.imports}):
            own = [entry for entry in self.imports if entry.name == name]
            for entry in own[:-keep]:
                fields = (entry.name, entry.version, entry.sequence, entry.record_sha256)
                ledger = ledger.add(Retirement(*fields))
        return ledger

    def withdraw(self, project: str, version: str, reason: str) -> Ledger:
        """Return the ledger without the release; pages no longer show it."""
        name = canonicalize_name(project)
        versions = sorted({wheel.version for wheel in self.wheels if wheel.project == name})
        release = next(
            (text for text in versions if _parse_version(text) == _parse_version(version)), ""
        )
        if not release:
            what = f"expected a release that pages show, got {version!r}"
            hint = f"releases: {', '.join(versions)}" if versions else ""
            raise UsageError(Problem(place=name, what=what, hint=hint))
        return self.add(Withdrawal(name, release, reason))


def _is_twin(line: Import, entry: Import) -> bool:
    return (line.name, line.sequence) == (entry.name, entry.sequence)


def _parse_version(text: str) -> Version | str:
    """The version, or the text itself where it is none."""
    try:
        return Version(text)
    except InvalidVersion:
        return text


def list_owed(wheel: RecordedWheel) -> tuple[tuple[str, str], ...]:
    """The files of ``files/`` that belong to ``wheel``, with digests; the wheel itself last."""
    return (
        (f"{wheel.filename}.metadata", wheel.metadata_sha256),
        (wheel.filename, wheel.sha256),
    )
