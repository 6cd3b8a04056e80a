"""
What one target could install of a project: for each version the best wheel, else an sdist that can
be built there.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.targets.lanes import lane_of
from matrix.targets.target import Target

if TYPE_CHECKING:
    from packaging.tags import Tag

    # The index's client takes half a second to import, and most commands have a lock.
    from matrix.index.page import Page, PublishedFile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One version of a project and the file that a target would take."""

    project: NormalizedName
    version: Version
    file: "PublishedFile"


class Offers:
    """The offers of an index to one target."""

    def __init__(self, target: Target, *, never_wheels_of: frozenset[NormalizedName]) -> None:
        self._rank: Mapping[Tag, int] = {tag: rank for rank, tag in enumerate(target.tags())}
        self._python = str(target.python)
        self._builds = lane_of(target) is not None
        self._never_wheels_of = never_wheels_of

    def of(self, page: "Page") -> Iterator[Offer]:
        """Newest first; yanked files are offered too, and marked as such in the file."""
        for version, published in page.releases.items():
            file = self._best(page.project, published)
            if file is not None:
                yield Offer(project=page.project, version=version, file=file)

    def _best(
        self, project: NormalizedName, published: Iterable["PublishedFile"]
    ) -> "PublishedFile | None":
        running = [file for file in published if _runs_on(file.requires_python, self._python)]
        if project not in self._never_wheels_of:
            ranked = [
                (-rank, file.build, file.filename, file)
                for file in running
                if file.is_wheel and (rank := self._rank_of(file)) is not None
            ]
            if ranked:
                return max(ranked)[3]
        sdists = [file for file in running if not file.is_wheel]
        # .tar.gz before .zip where a project uploaded both: what cibuildwheel unpacks by itself.
        sdists.sort(key=lambda file: (not file.filename.endswith(".tar.gz"), file.filename))
        return sdists[0] if sdists and self._builds else None

    def _rank_of(self, file: "PublishedFile") -> int | None:
        ranks = [self._rank[tag] for tag in file.tags if tag in self._rank]
        return min(ranks) if ranks else None


@functools.lru_cache(maxsize=4096)
def _runs_on(requires_python: str, python: str) -> bool:
    try:
        return SpecifierSet(requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        # As pip does: a specifier that cannot be read rules nothing out (2.7-era uploads such as
        # ">=2.7.*").
        return True
