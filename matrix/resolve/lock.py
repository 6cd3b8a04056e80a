"""
``packages.lock``: exact files with digests, and what each requirement installs on each target.

The file holds no address: name and digest mean the same outside and inside the closed network. It
is JSON with one entry a line, sorted, so that one change touches few lines and two merge requests
that add different projects merge.
"""

import dataclasses
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import Version

SCHEMA: Final = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LockedTarget:
    """A target as the lock saw it: another full version under the same id makes the lock stale."""

    id: str
    python: str
    platform: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """
    One distribution that somebody needs.

    ``targets`` are those that install it (a wheel) or for which it is built (an sdist);
    ``requires`` are the projects that its release requires on some of them, for the extras that are
    asked for. Which version of each, the solutions say.
    """

    project: NormalizedName
    version: Version
    filename: str
    sha256: str
    size: int
    targets: tuple[str, ...]
    requires: tuple[NormalizedName, ...] = ()

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")


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
    pins: tuple[tuple[NormalizedName, Version], ...]


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
