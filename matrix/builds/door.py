"""
The door: the one way from an unlocked build to the index.

A build whose build requirements are not all locked fetches the rest on its day. It gets neither the
network nor the password of the index, but an address on its loopback that serves the index's pages
and files, fetched with our own credentials, and notes the digest of every file that passes.
"""

import dataclasses
import html
import re
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.errors import MatrixError
from matrix.index.client import Index
from matrix.index.page import Page, PublishedFile
from matrix.plan.handover import FetchedFile

_PAGE: Final = re.compile(r"/simple/([A-Za-z0-9._-]{1,200})/?")
_FILE: Final = re.compile(r"/files/([a-z0-9-]{1,200})/([^/]{1,300})")
HTML: Final = "text/html; charset=utf-8"
BINARY: Final = "application/octet-stream"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response of the door; a file is sent from where it is."""

    status: int
    content_type: str = HTML
    body: bytes | Path = b""

    @property
    def size(self) -> int:
        return len(self.body) if isinstance(self.body, bytes) else self.body.stat().st_size


class Door:
    """Answers the requests of one build; several threads may ask."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._sha256_by_filename: dict[str, str] = {}

    @property
    def fetched(self) -> tuple[FetchedFile, ...]:
        """Every file that passed, sorted."""
        with self._lock:
            names = sorted(self._sha256_by_filename.items())
        return tuple(FetchedFile(filename=name, sha256=digest) for name, digest in names)

    def respond(self, target: str) -> Response:
        """The response to a request for ``target``, a path; everything unknown is 404."""
        path = urllib.parse.unquote(target.partition("?")[0])
        try:
            if match := _PAGE.fullmatch(path):
                return self._respond_page(match[1])
            if match := _FILE.fullmatch(path):
                return self._respond_file(match[1], match[2])
        except MatrixError:
            # The reason may name hosts of the closed network, which are not the build's business.
            return Response(status=404)
        return Response(status=404)

    def _respond_page(self, project: str) -> Response:
        page = self._index.fetch_page(canonicalize_name(project))
        if page is None:
            return Response(status=404)
        return Response(status=200, body=render_page(page).encode())

    def _respond_file(self, project: str, filename: str) -> Response:
        file = self._index.find_file(canonicalize_name(project), filename)
        path = self._index.fetch_file(file)
        with self._lock:
            self._sha256_by_filename[file.filename] = file.sha256
        return Response(status=200, content_type=BINARY, body=path)


def render_page(page: Page) -> str:
    """A page of the Simple API (PEP 503) whose links lead through the door."""
    lines = (line for version in page.releases for line in _render_links(page, version))
    return "<!DOCTYPE html>\n" + "".join(lines)


def _render_links(page: Page, version: object) -> Iterator[str]:
    files: tuple[PublishedFile, ...] = page.releases[version]  # type: ignore[index]  # its own key
    for file in files:
        if not file.sha256:
            continue  # what cannot be noted does not pass
        name = urllib.parse.quote(file.filename)
        attributes = f'href="/files/{page.project}/{name}#sha256={file.sha256}"'
        if file.requires_python:
            attributes += f' data-requires-python="{html.escape(file.requires_python)}"'
        if file.is_yanked:
            attributes += ' data-yanked=""'
        yield f"<a {attributes}>{html.escape(file.filename)}</a>\n"
