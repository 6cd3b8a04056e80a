"""``bundle.json``: everything in a bundle, with digests, and what it must install where."""

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal

from matrix.record import canonical
from matrix.record.canonical import InvalidRecord

SCHEMA: Final = 2
FILENAME: Final = "bundle.json"

Origin = Literal["published", "built", "reused"]

__all__ = ["InvalidRecord", "Record", "dump", "parse"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTarget:
    """One interpreter on one platform, complete enough to resolve for it without any table."""

    id: str
    python_full_version: str
    platform: str
    marker_environment: Mapping[str, str]
    tags: tuple[str, ...]
    """Best first."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Exclusion:
    """A target that a wish does not cover, and why."""

    target: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordedWish:
    """Requirements that install together on each of ``targets``."""

    root: str
    requirements: tuple[str, ...]
    targets: tuple[str, ...]
    excluded: tuple[Exclusion, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecordedWheel:
    """
    One wheel of ``files/``, with what its Simple API entry says.

    ``targets`` are those whose own view shows it. ``requires_python`` is the text in its METADATA,
    empty without one. ``content_keys`` are what its build depended on, one for each of ``targets``;
    none if it was not built.
    """

    filename: str
    sha256: str
    size: int
    project: str
    version: str
    requires_python: str
    metadata_sha256: str
    targets: tuple[str, ...]
    origin: Origin
    content_keys: tuple[str, ...]
    build_seconds: int
    """What its build took, 0 when it was not built for this bundle; the next plan packs by it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Missing:
    """A release that a target lacks with everybody's knowledge."""

    project: str
    version: str
    target: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RecordedFile:
    """A file that is neither a wheel nor the record, by its path in the bundle, with slashes."""

    path: str
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The whole of ``bundle.json``; every tuple but a target's tags is sorted."""

    schema: Literal[2] = SCHEMA
    name: str
    version: str
    sequence: int
    """Grows with every bundle of this name; who imports refuses to go back."""
    created: str
    """ISO 8601."""
    generator: str
    targets: tuple[RecordedTarget, ...]
    wishes: tuple[RecordedWish, ...]
    wheels: tuple[RecordedWheel, ...]
    missing: tuple[Missing, ...]
    files: tuple[RecordedFile, ...]

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"


def dump(record: Record) -> str:
    """The text of ``bundle.json``."""
    return canonical.dump(record)


def parse(text: str) -> Record:
    """Invert ``dump``; anything else raises ``InvalidRecord``."""
    return canonical.load(Record, text)
