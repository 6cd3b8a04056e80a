"""
Pages and metadata, fetched before the search asks for them.

The search thinks in one thread and would wait for each answer in turn. So the way that it will
most likely go is walked first, for all targets at once and without looking back: the newest release
of each project, what that requires, and so on. A wrong guess costs a request, a missing one a
moment, and neither changes an answer.
"""

import functools
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.index.tasks import TaskPool
from matrix.resolve.candidates import Offer
from matrix.resolve.provider import Need, Provider
from matrix.resolve.shelf import places

if TYPE_CHECKING:
    # Most commands have a lock and never need the index's client, which takes long to import.
    from matrix.index.page import PublishedFile

WORKERS: Final = 24

Preferred = Mapping[NormalizedName, frozenset[Version]]


class Prefetcher:
    """One walk; what was found stays in the index's client and in the providers."""

    def __init__(
        self,
        page: Callable[[NormalizedName], object],
        file: "Callable[[PublishedFile], object]",
        has: "Callable[[PublishedFile], bool]",
    ) -> None:
        """
        ``page`` and ``file`` have things fetched; they are called by several threads, and ``file``
        for what ``has`` denies only.
        """
        self._page = page
        self._fetch = file
        self._has = has
        self._seen: set[tuple[int, NormalizedName, str, str]] = set()
        self._waiting: dict[Hashable, list[Callable[[], None]]] = {}
        self._here: set[Hashable] = set()
        self._arrived: SimpleQueue[tuple[Hashable, bool]] = SimpleQueue()
        self._todo: list[Callable[[], None]] = []

    def fetch(
        self, starts: Sequence[tuple[Provider, Preferred, Sequence[Need]]]
    ) -> Iterator[NormalizedName]:
        """
        Walk from the ``starts``, and yield each project whose page has arrived.

        Errors are not raised here, but when the search asks for what could not be fetched.
        """
        self._threads = TaskPool(WORKERS)
        try:
            for provider, preferred, needs in starts:
                for need in needs:
                    self._follow(provider, preferred, need)
            yield from self._walk()
        finally:
            self._threads.close()

    def _walk(self) -> Iterator[NormalizedName]:
        while self._todo or self._waiting:
            while self._todo:
                self._todo.pop()()
            if not self._waiting:
                return
            key, is_there = self._arrived.get()
            self._here.add(key)
            waiting = self._waiting.pop(key)
            if is_there:
                self._todo += waiting
                if isinstance(key, str):
                    yield NormalizedName(key)

    def _when(self, key: Hashable, get: Callable[[], object], then: Callable[[], None]) -> None:
        """Do ``then`` in this thread after another one has made ``get``."""
        if key in self._here:
            self._todo.append(then)
        elif key in self._waiting:
            self._waiting[key].append(then)
        else:
            self._waiting[key] = [then]
            self._threads.start(key, lambda: self._get(key, get))

    def _get(self, key: Hashable, get: Callable[[], object]) -> None:
        is_there = False
        try:
            get()
            is_there = True
        finally:
            self._arrived.put((key, is_there))

    def _follow(self, provider: Provider, preferred: Preferred, need: Need) -> None:
        project = need.project
        for extra in ("", *need.extras):
            # Several releases of one project have roots of their own (``versions``).
            place = (id(provider), project, extra, need.exact)
            if place not in self._seen:
                self._seen.add(place)
                self._when(
                    project,
                    lambda: self._page(project),
                    functools.partial(self._choose, provider, preferred, need, extra),
                )

    def _choose(self, provider: Provider, preferred: Preferred, need: Need, extra: str) -> None:
        offer = _likely(provider, preferred, need)
        if offer is not None:
            file = offer.file
            if self._has(file):
                self._require(provider, preferred, offer, extra)
            else:
                self._when(
                    (file.sha256,),
                    lambda: self._fetch(file),
                    lambda: self._require(provider, preferred, offer, extra),
                )

    def _require(self, provider: Provider, preferred: Preferred, offer: Offer, extra: str) -> None:
        place = provider.shelf(offer.project).place[offer.version]
        if provider.is_usable(offer.project, place):
            for need in provider.needs(offer.project, place, extra):
                self._follow(provider, preferred, need)


def _likely(provider: Provider, preferred: Preferred, need: Need) -> Offer | None:
    """As ``precedence.likely``, but without the metadata: these are to be fetched."""
    shelf = provider.shelf(need.project)
    admitted = shelf.select(need.specifier) & provider.running(need.project)
    kept_versions = shelf.set_of(preferred.get(need.project, frozenset())) & admitted
    finals = admitted & ~shelf.pre_releases & ~kept_versions
    for versions in (kept_versions, finals, admitted & shelf.pre_releases):
        for place in places(versions):
            offer = provider.offer(need.project, place)
            if offer is not None and not offer.file.is_yanked:
                return offer
    return None
