"""``bundle.json``: every file of a bundle with its digest, and what it must install where."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Final, Literal

from matrix.record import canonical
from matrix.record.canonical import InvalidRecord

SCHEMA: Final = 3
FILENAME: Final = "bundle.json"
SIGNATURE: Final = "bundle.dsse.json"
"""The record's signature beside it: the one file that neither record nor parts.json lists."""

# As the manifest and the release's tag allow them; both become parts of paths and are printed.
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Origin = Literal["published", "built", "reused"]

__all__ = ["InvalidRecord", "Record", "dump", "parse"]


@dataclasses.dataclass(frozen=True)
class RecordedTarget:
    """One interpreter on one platform, complete enough to resolve for it without any table."""

    id: str
    python_full_version: str
    platform: str
    marker_environment: Mapping[str, str]
    tags: tuple[str, ...]
    """Best first."""


@dataclasses.dataclass(frozen=True, order=True)
class Exclusion:
    """A target that a requirement does not cover, and why."""

    target: str
    reason: str


@dataclasses.dataclass(frozen=True)
class RecordedRequirement:
    """An entry of ``wishes``: a requirement, or several that install together, on ``targets``."""

    root: str
    requirements: tuple[str, ...]
    targets: tuple[str, ...]
    excluded: tuple[Exclusion, ...]


@dataclasses.dataclass(frozen=True, order=True)
class FetchedRequirement:
    """A file that the lock does not name and that a build fetched from the index."""

    filename: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class RecordedWheel:
    """
    One wheel of ``files/``, with what its Simple API entry says.

    ``targets`` are those whose own view shows it. ``requires_python`` is the text in its METADATA,
    empty without one. ``content_keys`` are digests of what its build depended on, and ``test_keys``
    of what it was tested with, one for each of ``targets``; none if it was not built.
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
    test_keys: tuple[str, ...]
    build_seconds: int
    """How long its build took, 0 when it was not built; the next plan packs jobs by it."""
    unlocked: str
    """Why the index of the day decided a part of its build; empty when nothing did."""
    fetched: tuple[FetchedRequirement, ...]
    """The files that an unlocked build fetched; empty for a reused wheel."""


@dataclasses.dataclass(frozen=True)
class Source:
    """What a bundle was made from; texts are empty where nothing is known."""

    commit: str
    """The commit that was checked out, in hexadecimal digits."""
    ref: str
    """The branch, the tag or the merge request of it, as in ``refs/heads/main``."""
    run: str
    """The address of the pipeline's run; empty for a bundle of a person's machine."""
    lock_sha256: str
    """The digest of the ``packages.lock`` that the plan was made from."""
    untested: str
    """Why a release has no successful run of its default branch; empty when it has one."""


NO_SOURCE: Final = Source(commit="", ref="", run="", lock_sha256="", untested="")


@dataclasses.dataclass(frozen=True, order=True)
class Missing:
    """A release that a target is known to lack."""

    project: str
    version: str
    target: str
    reason: str


@dataclasses.dataclass(frozen=True, order=True)
class RecordedFile:
    """A file that is neither a wheel nor the record, by its path in the bundle, with slashes."""

    path: str
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Record:
    """The whole of ``bundle.json``; every tuple but a target's tags is sorted."""

    name: str
    version: str
    sequence: int
    """Grows with every bundle of this name; an import refuses to go back."""
    created: str
    """ISO 8601."""
    generator: str
    source: Source
    targets: tuple[RecordedTarget, ...]
    wishes: tuple[RecordedRequirement, ...]
    wheels: tuple[RecordedWheel, ...]
    missing: tuple[Missing, ...]
    files: tuple[RecordedFile, ...]
    schema: Literal[3] = SCHEMA

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"


def is_name(text: str) -> bool:
    """Whether ``text`` can name bundles."""
    return bool(_NAME.fullmatch(text))


def is_version(text: str) -> bool:
    """Whether ``text`` can be the version of a bundle."""
    return bool(_VERSION.fullmatch(text)) and not text.endswith(".")


def dump(record: Record) -> str:
    """The text of ``bundle.json``."""
    return canonical.dump(record)


def parse(text: str) -> Record:
    """Invert ``dump``; anything else raises ``InvalidRecord``."""
    return canonical.load(Record, text)
