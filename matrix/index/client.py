"""A package index: pages, core metadata, files, each fetched at most once in a run."""

import functools
from collections.abc import Callable, Iterable
from pathlib import Path

from packaging.utils import NormalizedName

from matrix.distributions import core_metadata
from matrix.distributions.core_metadata import Fields
from matrix.edge import files, limits
from matrix.errors import IndexUnavailable, Problem
from matrix.index import filenames, wheel_metadata
from matrix.index.addresses import without_user
from matrix.index.cache import Cache
from matrix.index.connections import CONNECTIONS
from matrix.index.field_store import FieldStore
from matrix.index.index_pair import IndexPair
from matrix.index.oddities import Oddities
from matrix.index.page import Page, PublishedFile
from matrix.index.pages import Pages, not_cached
from matrix.index.tasks import TaskPool
from matrix.index.transport import Transport
from matrix.manifest.network import Internal


class Index:
    """
    The index, or the two of them, for the length of one command.

    With ``offline`` everything comes from the cache, however old it is; what is missing there is an
    error.
    """

    def __init__(
        self,
        transport: Transport,
        cache: Cache,
        *,
        offline: bool = False,
        internal: Internal | None = None,
    ) -> None:
        self._transport = transport
        self.cache = cache.of_indexes(*map(without_user, transport.addresses))
        self._offline = offline
        self.oddities = Oddities()
        """What is passed over, for one line at the end."""
        self._main = self._open_pages(transport.index)
        self._pages: Pages | IndexPair = self._main
        if internal is not None:
            second = self._open_pages(transport.internal)
            self._pages = IndexPair(main=self._main, internal=second, rule=internal)
        self._fields = FieldStore(self.cache)
        self._projects: set[NormalizedName] = set()
        self._tasks = TaskPool(CONNECTIONS)

    def _open_pages(self, url: str) -> Pages:
        return Pages(
            url, self._transport, self.cache, offline=self._offline, oddities=self.oddities
        )

    @property
    def address(self) -> str:
        """The index's address, as it may stand in a message."""
        return self._main.address

    def close(self) -> None:
        """Start no more requests, wait for none, and write new fields to the cache."""
        self._tasks.close()
        self._transport.close()
        self._fields.write()

    def fetch_page(self, project: NormalizedName) -> Page | None:
        """The releases of ``project``, or None where the index has no such project."""
        return self._tasks.run(("page", project), lambda: self._fetch_page(project))

    def fetch_metadata(self, file: PublishedFile) -> bytes:
        """The core metadata of a wheel, unparsed and not cached."""
        if self._offline:
            raise not_cached(self.address, f"the metadata of {file.filename}")
        return wheel_metadata.fetch_metadata(file, self._transport, download=self.fetch_file)

    def fetch_fields(self, file: PublishedFile) -> Fields:
        """The fields of a wheel's core metadata that a resolver looks at."""
        if not self._fields.has(file):
            self._tasks.run(("metadata", file.sha256), lambda: self._fetch_fields(file))
        return self._fields.of(file)

    def has_fields(self, file: PublishedFile) -> bool:
        """Whether ``fetch_fields`` has its answer without a request."""
        return self._fields.has(file)

    def fetch_file(self, file: PublishedFile) -> Path:
        """A local copy of the file, its digest checked."""
        return self._tasks.run(("file", file.sha256), lambda: self._fetch_file(file))

    def fetch_excerpt(self, file: PublishedFile, read: Callable[[Path], bytes]) -> bytes:
        """What ``read`` makes of the file, cached like metadata."""
        return self._tasks.run(("excerpt", file.sha256), lambda: self._fetch_excerpt(file, read))

    def start_pages(self, projects: Iterable[NormalizedName]) -> None:
        """Start fetching pages; an error is raised by ``fetch_page``, if that is called."""
        for project in projects:
            self._tasks.start(("page", project), functools.partial(self._fetch_page, project))

    def find_file(self, project: NormalizedName, filename: str) -> PublishedFile:
        """The file that a lock names; raises when this index does not have it."""
        page, head = self.fetch_page(project), filenames.head(filename)
        version = filenames.version(head, project) if head else None
        if page is not None and version is not None and version in page.releases:
            for published in page.releases[version]:
                if published.filename == filename:
                    return published
        raise IndexUnavailable(
            Problem(
                place=self.address,
                what=f"expected {filename!r}, which the lock names, got a page without it",
                hint=f"wheelyard lock --upgrade {project}",
            )
        )

    def _fetch_page(self, project: NormalizedName) -> Page | None:
        # An index that makes up a new project for each requirement would never come to an end.
        self._projects.add(project)
        limits.check("projects of a lock", len(self._projects), self._refuse)
        # Here rather than later: this may be a thread of the pool.
        self._fields.load(project)
        return self._pages.page(project)

    def _refuse(self, reason: str) -> IndexUnavailable:
        return IndexUnavailable(Problem(place=self.address, what=reason))

    def _fetch_fields(self, file: PublishedFile) -> None:
        self._fields.add(file, core_metadata.parse_fields(self.fetch_metadata(file)))

    def _fetch_excerpt(self, file: PublishedFile, read: Callable[[Path], bytes]) -> bytes:
        name = f"{file.sha256}-excerpt"
        if (cached := self.cache.metadata(name)) is not None:
            return cached
        content = read(self.fetch_file(file))
        self.cache.write_metadata(name, content)
        return content

    def _fetch_file(self, file: PublishedFile) -> Path:
        path = self.cache.distribution(file.sha256, file.filename)
        if path.is_file() and files.digest(path) == file.sha256:
            return path
        if self._offline:
            raise not_cached(self.address, file.filename)
        with self._transport.stream(file.url, wanted=file.filename) as chunks:
            files.write_stream(path, chunks, sha256=file.sha256, name=file.filename)
        return path
