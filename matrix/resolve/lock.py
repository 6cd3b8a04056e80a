"""
``packages.lock``: exact files with digests, and what each requirement installs on each target.

The file holds no address: name and digest mean the same outside and inside the closed network. It
is JSON with one entry a line, sorted, so that one change touches few lines and two merge requests
that add different projects merge.
"""

import dataclasses
import datetime
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.documents.fields import Digest, Filename, Moment, Pins, ProjectName, Size

SCHEMA: Final = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LockedTarget:
    """A target as the lock saw it: another full version under the same id makes the lock stale."""

    id: str
    python: str
    platform: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """
    One distribution of a closure.

    ``targets`` are those that install it (a wheel) or for which it is built (an sdist);
    ``requires`` are the projects that its release requires on some of them, for the extras that are
    asked for. Which version of each, the solutions say.
    """

    project: ProjectName
    version: Version
    filename: Filename
    sha256: Digest
    size: Size
    targets: tuple[str, ...]
    requires: tuple[NormalizedName, ...] = ()
    uploaded: Moment = ""
    """When, in UTC (``2026-11-23T04:47:46Z``); empty when the index does not tell (PEP 700)."""

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")

    @property
    def epoch(self) -> int:
        """When it was uploaded, in seconds since 1970; 0 when unknown."""
        if not self.uploaded:
            return 0
        return int(datetime.datetime.fromisoformat(self.uploaded).timestamp())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BuildFile:
    """A wheel that a build or a smoke test installs, even if it is also in a closure."""

    project: ProjectName
    version: Version
    filename: Filename
    sha256: Digest
    size: Size


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LockedBuild:
    """
    What building an sdist for some targets installs before the wheel, and beside it.

    ``declared`` are the sdist's own build requirements, ``constraints`` those of the recipe and
    ``tested`` what its test requires. ``build`` and ``test`` name ``Lock.build_files``: the closure
    of the first two, and of what the smoke test of the wheel needs. Where one of them cannot be had
    as wheels, ``reason`` says why: that build takes what the index has on its day.
    """

    sdist: Filename
    targets: tuple[str, ...]
    declared: tuple[str, ...]
    constraints: tuple[str, ...]
    tested: tuple[str, ...]
    build: tuple[str, ...]
    test: tuple[str, ...]
    is_pure: bool
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A root that installs by itself and not with all others on a target, and why."""

    root: str
    targets: tuple[str, ...]
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """
    What one root installs on some targets.

    A root is a requirement of ``packages`` or a named environment; ``requirements`` are its PEP 508
    strings. ``pins`` maps every project of the closure to its version, sorted by name.
    """

    root: str
    requirements: tuple[str, ...]
    targets: tuple[str, ...]
    pins: Pins


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NoSolution:
    """A root that nothing satisfies on a target, and why."""

    root: str
    requirements: tuple[str, ...]
    target: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The whole of packages.lock; every tuple is sorted."""

    targets: tuple[LockedTarget, ...]
    files: tuple[LockedFile, ...]
    solutions: tuple[Solution, ...]
    impossible: tuple[NoSolution, ...]
    splits: tuple[Split, ...] = ()
    builds: tuple[LockedBuild, ...] = ()
    build_files: tuple[BuildFile, ...] = ()
    policy: str = ""
    """The digest of the rules that the lock itself does not show (``policy.locked_rules``)."""
