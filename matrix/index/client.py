"""An index to ask: pages, core metadata, files; each asked for once a run, and ahead if wanted."""

import functools
from collections.abc import Callable, Iterable
from pathlib import Path

from packaging.utils import NormalizedName

from matrix.distributions import core_metadata
from matrix.distributions.core_metadata import Fields
from matrix.edge import files
from matrix.errors import IndexUnavailable, Problem
from matrix.index import filenames, metadata
from matrix.index.ahead import Ahead
from matrix.index.cache import Cache
from matrix.index.choice import Choice
from matrix.index.connections import CONNECTIONS
from matrix.index.page import Page, PublishedFile
from matrix.index.pages import Pages, not_kept
from matrix.index.stated import Stated
from matrix.index.transport import Transport
from matrix.manifest.model import Internal


class Index:
    """
    The index, or the two of them, for the length of one command.

    With ``offline`` everything comes from the cache, however old it is, and what is not there is an
    error that names it.
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
        self._cache = cache
        self._offline = offline
        self._main = Pages(transport.index, transport, cache, offline=offline)
        self._pages: Pages | Choice = self._main
        if internal is not None:
            second = Pages(transport.internal, transport, cache, offline=offline)
            self._pages = Choice(main=self._main, internal=second, rule=internal)
        self._stated = Stated(cache)
        self._ahead = Ahead(CONNECTIONS)

    @property
    def address(self) -> str:
        """The index's address, as it may stand in a message."""
        return self._main.address

    def close(self) -> None:
        """Begin nothing more, wait for nobody, and keep what metadata state."""
        self._ahead.close()
        self._transport.close()
        self._stated.keep()

    def page(self, project: NormalizedName) -> Page | None:
        """The releases of ``project``, or None where the index has no such project."""
        return self._ahead.ask(("page", project), lambda: self._page(project))

    def metadata(self, file: PublishedFile) -> bytes:
        """The core metadata of a wheel, unparsed and not kept: ``stated`` has what most want."""
        if self._offline:
            raise not_kept(self.address, f"the metadata of {file.filename}")
        return metadata.read(file, self._transport, download=self.distribution)

    def stated(self, file: PublishedFile) -> Fields:
        """The fields of a wheel's core metadata that a resolver looks at."""
        if not self._stated.has(file):
            self._ahead.ask(("metadata", file.sha256), lambda: self._learn(file))
        return self._stated.of(file)

    def has_stated(self, file: PublishedFile) -> bool:
        """Whether ``stated`` has its answer at once."""
        return self._stated.has(file)

    def distribution(self, file: PublishedFile) -> Path:
        """A local copy of the file, its digest checked."""
        return self._ahead.ask(("file", file.sha256), lambda: self._distribution(file))

    def excerpt(self, file: PublishedFile, read: Callable[[Path], bytes]) -> bytes:
        """What ``read`` makes of the file, kept as the metadata are."""
        return self._ahead.ask(("excerpt", file.sha256), lambda: self._excerpt(file, read))

    def prefetch_pages(self, projects: Iterable[NormalizedName]) -> None:
        """Have pages fetched; what goes wrong is said when a page is asked for, if ever."""
        for project in projects:
            self._ahead.start(("page", project), functools.partial(self._page, project))

    def find(self, project: NormalizedName, filename: str) -> PublishedFile:
        """The file that a lock names; raises when this index does not have it."""
        found, head = self.page(project), filenames.head(filename)
        version = filenames.version(head, project) if head else None
        if found is not None and version is not None and version in found.releases:
            for published in found.releases[version]:
                if published.filename == filename:
                    return published
        raise IndexUnavailable(
            Problem(
                place=self.address,
                what=f"expected {filename!r}, which the lock names, got a page without it",
                hint=f"wheelyard lock --upgrade {project}",
            )
        )

    def _page(self, project: NormalizedName) -> Page | None:
        # Here rather than when somebody asks: this may be a thread that is ahead.
        self._stated.load(project)
        return self._pages.page(project)

    def _learn(self, file: PublishedFile) -> None:
        self._stated.add(file, core_metadata.parse_fields(self.metadata(file)))

    def _excerpt(self, file: PublishedFile, read: Callable[[Path], bytes]) -> bytes:
        name = f"{file.sha256}-excerpt"
        if (kept := self._cache.metadata(name)) is not None:
            return kept
        content = read(self.distribution(file))
        self._cache.keep_metadata(name, content)
        return content

    def _distribution(self, file: PublishedFile) -> Path:
        path = self._cache.distribution(file.sha256, file.filename)
        if path.is_file() and files.digest(path) == file.sha256:
            return path
        if self._offline:
            raise not_kept(self.address, file.filename)
        with self._transport.stream(file.url, wanted=file.filename) as chunks:
            files.write_stream(path, chunks, sha256=file.sha256, name=file.filename)
        return path
