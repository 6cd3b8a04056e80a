"""
Every version of a project in a row, newest first, and sets of them as the bits of a number.

Bit 0 is the newest version. What a specifier admits is found once for all targets; from then on a
search over thousands of requirements is arithmetic on whole numbers.
"""

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    # Most commands have a lock and never need the index's client, which takes long to import.
    from matrix.index.page import PublishedFile


class Shelf:
    """The releases of one project as an index has them, for every target."""

    def __init__(
        self,
        project: NormalizedName,
        versions: Sequence[Version],
        *,
        files: "Callable[[Version], Sequence[PublishedFile]]",
        pythons: Callable[[Version], frozenset[str]],
    ) -> None:
        self.project = project
        self.versions = tuple(versions)
        """Newest first."""
        self.files = files
        self.pythons = pythons
        """What the files of a version say of Requires-Python: cheaper than the files."""
        self.place: Final = {version: place for place, version in enumerate(self.versions)}
        self.everything: Final = (1 << len(self.versions)) - 1
        self._pre_releases: int | None = None
        self._by_pythons: dict[frozenset[str], int] | None = None
        self._ascending = self.versions[::-1]
        self._masks: dict[str, int] = {}
        self._sets: dict[int, tuple[SpecifierSet, int]] = {}

    @property
    def pre_releases(self) -> int:
        """The set of them."""
        if self._pre_releases is None:
            self._pre_releases = self.set_of(v for v in self.versions if v.is_prerelease)
        return self._pre_releases

    def running(self, runs: Callable[[frozenset[str]], bool]) -> int:
        """The versions of which ``runs`` takes what their files say of Requires-Python."""
        if self._by_pythons is None:
            self._by_pythons = {}
            for place, version in enumerate(self.versions):
                pythons = self.pythons(version)
                self._by_pythons[pythons] = self._by_pythons.get(pythons, 0) | 1 << place
        return sum(places for pythons, places in self._by_pythons.items() if runs(pythons))

    def set_of(self, versions: Iterable[Version]) -> int:
        """Those of ``versions`` that the index has."""
        return sum(1 << self.place[version] for version in versions if version in self.place)

    def select(self, specifier: SpecifierSet) -> int:
        """What ``specifier`` admits, pre-releases included."""
        # By identity: making its text, or its hash, takes longer than all the rest. Keeping the
        # specifier keeps its identity.
        known = self._sets.get(id(specifier))
        if known is None:
            versions = self.everything
            for part in specifier:
                versions &= self._select_one(part)
            self._sets[id(specifier)] = known = (specifier, versions)
        return known[1]

    def _select_one(self, specifier: Specifier) -> int:
        text = str(specifier)
        if text not in self._masks:
            versions = self._interval(specifier)
            if versions is None:
                versions = self.set_of(v for v in self.versions if _admits(specifier, v))
            self._masks[text] = versions
        return self._masks[text]

    def _interval(self, specifier: Specifier) -> int | None:
        """
        The set without asking about each version, where it is one interval of them.

        PEP 440's odd cases keep the order: "<2" leaves out the pre-releases of 2, which are the
        newest below it, and ">2" the post-releases of 2, which are the oldest above it.
        """
        if specifier.operator in {">=", ">"}:
            start = bisect.bisect_left(
                self._ascending, x=True, key=lambda version: _admits(specifier, version)
            )
            return self._slice(start, len(self._ascending))
        if specifier.operator in {"<", "<="}:
            end = bisect.bisect_left(
                self._ascending, x=True, key=lambda version: not _admits(specifier, version)
            )
            return self._slice(0, end)
        if specifier.operator in {"==", "!="}:
            equal = self._equal(Specifier(f"=={specifier.version}"))
            if equal is None or specifier.operator == "==":
                return equal
            return self.everything & ~equal
        return None

    def _equal(self, specifier: Specifier) -> int | None:
        # The first of all versions that begin with 1.2 is 1.2.dev0; local versions come last.
        text = specifier.version
        try:
            first = Version(f"{text[:-2]}.dev0" if text.endswith(".*") else text)
        except InvalidVersion:
            return None
        start = end = bisect.bisect_left(self._ascending, first)
        while end < len(self._ascending) and _admits(specifier, self._ascending[end]):
            end += 1
        return self._slice(start, end)

    def _slice(self, start: int, end: int) -> int:
        """The set of the versions from place ``start`` to ``end`` of the ascending row."""
        count = len(self.versions)
        return ((1 << (count - start)) - 1) & ~((1 << (count - end)) - 1)


def _admits(specifier: Specifier, version: Version) -> bool:
    return specifier.contains(version, prereleases=True)


def places(versions: int) -> Iterator[int]:
    """The bits that are set, lowest first: the newest version first."""
    while versions:
        lowest = versions & -versions
        yield lowest.bit_length() - 1
        versions ^= lowest


def newest(versions: int) -> int:
    """The place of the newest version of a set that has one."""
    return (versions & -versions).bit_length() - 1
