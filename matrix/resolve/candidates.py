"""
What one target would take of a release: the best wheel that runs there, else an sdist that can be
built there.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.distributions import requires_python
from matrix.resolve.rules import Rules
from matrix.resolve.shelf import Shelf
from matrix.targets.lanes import find_lane
from matrix.targets.target import Target

if TYPE_CHECKING:
    from packaging.tags import Tag

    # The index's client takes long to import, and most commands have a lock.
    from matrix.index.page import PublishedFile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One version of a project and the file that a target would take."""

    project: NormalizedName
    version: Version
    file: "PublishedFile"


KnownBad = Callable[[NormalizedName, Version, Target], str]
"""Why a release's sdist is not to be built for a target; empty when nothing is known."""


class Offers:
    """The offers of an index to one target."""

    def __init__(
        self,
        target: Target,
        *,
        never_wheels_of: frozenset[NormalizedName],
        rules: Rules,
        known_bad: KnownBad,
    ) -> None:
        self._target = target
        self._rank: Mapping[Tag, int] = {tag: rank for rank, tag in enumerate(target.tags())}
        # Thousands of files have some hundred sets of tags, and as few Requires-Python.
        self._best = functools.cache(self._best_of)
        self.runs: Callable[[frozenset[str]], bool] = functools.cache(self._runs_one_of)
        """Whether a release runs there, by what its files say of Requires-Python."""
        self._python = target.python.full
        self._builds = find_lane(target) is not None
        self._never_wheels_of = never_wheels_of
        self._rules = rules
        self._known_bad = known_bad

    def of(self, shelf: Shelf, version: Version) -> Offer | None:
        """What the target takes of a release; a yanked file when there is no other."""
        if not self.runs(shelf.pythons(version)):
            return None
        for file in self._in_order(shelf.files(version)):
            if not self._rules.file(file):
                return Offer(project=file.project, version=file.version, file=file)
        return None

    def lack(self, published: Sequence["PublishedFile"]) -> str:
        """Why ``of`` is None, as the end of a sentence that begins with project and version."""
        for file in self._in_order(published):
            return f": {self._rules.file(file)}"
        if not published:
            return " has no file that can be used: the index lists names or links that are none"
        running = self._running(published)
        if not running:
            # As on the page, where the newest file is the last one.
            return f" requires Python {published[-1].requires_python}"
        sdists = [file for file in running if not file.is_wheel]
        project = published[0].project
        if not sdists:
            if project in self._never_wheels_of:
                return " has no sdist, and `source: build` takes no wheel"
            return " has no wheel for this target, and no sdist"
        if not self._builds:
            return " has no wheel for this target, and nothing builds its sdist there"
        return f": {self._known_bad(project, sdists[0].version, self._target)}"

    def _in_order(self, published: Iterable["PublishedFile"]) -> Iterator["PublishedFile"]:
        """The files that would do, best first."""
        running = self._running(published)
        yield from self._wheels(running)
        yield from self._sdists(running)

    def _running(self, published: Iterable["PublishedFile"]) -> list["PublishedFile"]:
        python = self._python
        return [file for file in published if requires_python.admits(file.requires_python, python)]

    def _runs_one_of(self, pythons: Iterable[str]) -> bool:
        return any(requires_python.admits(text, self._python) for text in pythons)

    def _wheels(self, running: Iterable["PublishedFile"]) -> list["PublishedFile"]:
        ranked = [
            (not file.is_yanked, -rank, file.build, file.filename, file)
            for file in running
            if file.is_wheel
            and file.project not in self._never_wheels_of
            and (rank := self._best(file.tags)) is not None
        ]
        ranked.sort(reverse=True)
        return [row[-1] for row in ranked]

    def _sdists(self, running: Iterable["PublishedFile"]) -> list["PublishedFile"]:
        sdists = [
            file
            for file in running
            if not file.is_wheel
            and self._builds
            and not self._known_bad(file.project, file.version, self._target)
        ]
        # .tar.gz before .zip where a project uploaded both: what cibuildwheel unpacks by itself.
        return sorted(
            sdists, key=lambda f: (f.is_yanked, not f.filename.endswith(".tar.gz"), f.filename)
        )

    def _best_of(self, tags: Iterable["Tag"]) -> int | None:
        return min((self._rank[tag] for tag in tags if tag in self._rank), default=None)
