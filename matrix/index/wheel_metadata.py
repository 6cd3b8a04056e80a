"""
The core metadata of a published wheel: beside it (PEP 658), else read from inside it by ranges,
else from the whole file, whose digest the page tells.

A ranged read cannot be checked against a digest. A server that answers ranges wrongly is found out
by the archive's own checksums, and then the whole file decides.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.errors import IndexUnavailable, Problem
from matrix.index import ranged
from matrix.index.addresses import without_password
from matrix.index.page import PublishedFile
from matrix.index.transport import OK, PARTIAL, Transport

_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")


def fetch_metadata(
    file: PublishedFile, transport: Transport, *, download: Callable[[PublishedFile], Path]
) -> bytes:
    """The metadata of ``file``, unparsed; ``download`` is the last resort."""
    content = _beside(file, transport) if file.has_metadata else None
    return _inside(file, transport, download) if content is None else content


def _beside(file: PublishedFile, transport: Transport) -> bytes | None:
    answer = transport.get(
        f"{file.url}.metadata",
        headers={"Accept-Encoding": "gzip, deflate"},
        wanted=f"the metadata of {file.filename}",
    )
    if answer.status_code != OK:
        return None  # promised and not there: read the wheel instead
    files.check(answer.content, sha256=file.metadata_sha256, name=f"{file.filename}.metadata")
    return answer.content


def _inside(
    file: PublishedFile, transport: Transport, download: Callable[[PublishedFile], Path]
) -> bytes:
    def fetch(byte_range: str) -> tuple[int, int, bytes]:
        answer = transport.get(
            file.url, headers={"Range": byte_range}, wanted=f"a part of {file.filename}"
        )
        if answer.status_code == OK:  # a server without ranges sends it all
            return 0, len(answer.content), answer.content
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status_code != PARTIAL:
            what = f"expected a part of {file.filename}, got status {answer.status_code}"
            raise IndexUnavailable(Problem(place=without_password(file.url), what=what))
        if match is None or int(match[2]) - int(match[1]) + 1 != len(answer.content):
            raise ranged.NoMetadata("expected a part of the file, got another")
        return int(match[1]), int(match[3]), answer.content

    try:
        return ranged.metadata(fetch)
    except ranged.NoMetadata:
        return _from_whole(file, download(file))


def _from_whole(file: PublishedFile, path: Path) -> bytes:
    try:
        with files.reading(path) as stream:
            return ranged.member(stream)
    except ranged.NoMetadata as error:
        what = f"expected a wheel with METADATA, got a file without: {error}"
        raise IndexUnavailable(Problem(place=without_password(file.url), what=what)) from error
