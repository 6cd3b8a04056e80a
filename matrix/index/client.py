"""An index to ask: pages, core metadata, files; each asked for once a run."""

import re
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
from packaging.utils import NormalizedName

from matrix.edge import files
from matrix.errors import IndexUnavailable, Problem
from matrix.index import page, ranged
from matrix.index.cache import Cache, StoredPage
from matrix.index.page import Page, PublishedFile
from matrix.index.transport import Transport, without_password

T = TypeVar("T")

# PEP 691: JSON first, HTML from servers that know nothing else.
_ACCEPT: Final = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
)
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")


class Once:
    """Answers by key; whoever asks while the answer is being made waits for that one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Future[Any]] = {}

    def __call__(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            known = self._answers.get(key)
            mine: Future[T] = Future()
            if known is None:
                self._answers[key] = mine
        if known is not None:
            answer: T = known.result()
            return answer
        try:
            mine.set_result(make())
        except BaseException as error:
            mine.set_exception(error)
            raise
        return mine.result()


class Index:
    """One index, for the length of one command."""

    def __init__(self, transport: Transport, cache: Cache) -> None:
        self._transport = transport
        self._cache = cache
        self._once = Once()

    @property
    def address(self) -> str:
        """The index's address, as it may stand in a message."""
        return without_password(self._transport.index)

    def page(self, project: NormalizedName) -> Page | None:
        """The releases of ``project``, or None where the index has no such project."""
        return self._once(("page", project), lambda: self._page(project))

    def metadata(self, file: PublishedFile) -> bytes:
        """The core metadata of a wheel, unparsed."""
        return self._once(("metadata", file.sha256), lambda: self._metadata(file))

    def distribution(self, file: PublishedFile) -> Path:
        """A local copy of the file, its digest checked."""
        return self._once(("file", file.sha256), lambda: self._distribution(file))

    def find(self, project: NormalizedName, filename: str) -> PublishedFile:
        """The file that a lock names; raises when this index does not have it."""
        found = self.page(project)
        for published in (f for fs in (found.releases.values() if found else ()) for f in fs):
            if published.filename == filename:
                return published
        raise IndexUnavailable(
            Problem(
                place=self.address,
                what=f"expected {filename!r}, which the lock names, got a page without it",
                hint=f"python -m matrix lock --upgrade {project}",
            )
        )

    def _page(self, project: NormalizedName) -> Page | None:
        # PEP 503: a project's page lives under its normalized name, and page URLs end with a slash.
        url = f"{self._transport.index}{project}/"
        kept = self._cache.page(url)
        headers = {"Accept": _ACCEPT, **({"If-None-Match": kept.etag} if kept else {})}
        response = self._transport.get(url, headers=headers, wanted=f"the page of {project!r}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code == httpx.codes.NOT_MODIFIED and kept is not None:
            current = kept
        else:
            current = _stored(response)
            if current.etag:
                self._cache.keep_page(url, current)
        try:
            return page.parse(
                current.body, content_type=current.content_type, project=project, url=current.url
            )
        except page.InvalidPage as error:
            what = f"expected a page of the Simple API, got one that cannot be read: {error}"
            raise IndexUnavailable(Problem(place=without_password(url), what=what)) from error

    def _metadata(self, file: PublishedFile) -> bytes:
        if (kept := self._cache.metadata(file.sha256)) is not None:
            return kept
        content = self._metadata_beside(file) if file.has_metadata else None
        if content is None:
            content = self._metadata_inside(file)
        self._cache.keep_metadata(file.sha256, content)
        return content

    def _metadata_beside(self, file: PublishedFile) -> bytes | None:
        wanted = f"the metadata of {file.filename}"
        response = self._transport.get(f"{file.url}.metadata", headers={}, wanted=wanted)
        if response.status_code != httpx.codes.OK:
            return None  # promised and not there: read the wheel instead
        files.check(response.content, sha256=file.metadata_sha256, name=f"{file.filename}.metadata")
        return response.content

    def _metadata_inside(self, file: PublishedFile) -> bytes:
        def fetch(byte_range: str) -> tuple[int, int, bytes]:
            response = self._transport.get(
                file.url, headers={"Range": byte_range}, wanted=f"a part of {file.filename}"
            )
            if response.status_code == httpx.codes.OK:  # a server without ranges sends it all
                return 0, len(response.content), response.content
            found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if response.status_code != httpx.codes.PARTIAL_CONTENT or found is None:
                what = f"expected a part of {file.filename}, got status {response.status_code}"
                raise IndexUnavailable(Problem(place=without_password(file.url), what=what))
            return int(found[1]), int(found[2]), response.content

        try:
            return ranged.metadata(fetch)
        except ranged.NoMetadata as error:
            what = f"expected a wheel with METADATA, got a file without: {error}"
            raise IndexUnavailable(Problem(place=without_password(file.url), what=what)) from error

    def _distribution(self, file: PublishedFile) -> Path:
        path = self._cache.distribution(file.sha256, file.filename)
        if path.is_file() and files.digest(path) == file.sha256:
            return path
        with self._transport.stream(file.url, wanted=file.filename) as chunks:
            files.write_stream(path, chunks, sha256=file.sha256, name=file.filename)
        return path


def _stored(response: httpx.Response) -> StoredPage:
    return StoredPage(
        body=response.content,
        content_type=response.headers.get("Content-Type", "text/html"),
        etag=response.headers.get("ETag", ""),
        url=str(response.url),
    )
