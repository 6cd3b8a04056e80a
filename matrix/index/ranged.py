"""
The METADATA of a wheel without the wheel: two ranged requests instead of a download.

A zip's directory is at its end, so the first request asks for the tail; PEP 427 recommends that
``.dist-info`` is stored last, so the tail often holds METADATA too.
"""

import io
import zipfile
from collections.abc import Callable
from typing import Final

from matrix.edge import limits
from matrix.edge.foreign import translate_errors

TAIL: Final = 1 << 15
AHEAD: Final = 1 << 14
HEADER: Final = 30 + 1024
"""Bytes before a member: fixed ones, and room for extra fields that the directory cannot tell."""
Fetch = Callable[[str], tuple[int, int, bytes]]
"""From a Range header's value to (offset of the first byte, size of the whole file, bytes)."""


class NoMetadata(ValueError):
    """Not a wheel with exactly one METADATA."""


def metadata(fetch: Fetch) -> bytes:
    """The METADATA member of the wheel that ``fetch`` reads."""
    remote = _Remote(fetch)
    return member(remote, before=remote.have)


def member(
    wheel: io.RawIOBase | io.BufferedIOBase,
    *,
    before: Callable[[int, int], object] = lambda start, size: (start, size),
) -> bytes:
    """The METADATA member of a wheel; ``before`` learns which bytes will be read."""
    with translate_errors(NoMetadata), zipfile.ZipFile(wheel) as archive:
        members = [info for info in archive.infolist() if _is_metadata(info.filename)]
        if len(members) != 1:
            raise NoMetadata(f"expected one METADATA, got {len(members)}")
        (info,) = members
        limits.check("METADATA bytes", info.file_size, NoMetadata)
        before(info.header_offset, info.compress_size + HEADER + len(info.filename))
        return archive.read(info)


def _is_metadata(name: str) -> bool:
    return name.endswith(".dist-info/METADATA") and name.count("/") == 1


class _Remote(io.RawIOBase):
    """A remote file that remembers the pieces it has fetched."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._position = 0
        offset, self._size, content = fetch(f"bytes=-{TAIL}")
        self._pieces = [(offset, content)]

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._position + size)
        if end <= self._position:
            return b""
        content = self._content(self._position, end)
        self._position = end
        return content

    def have(self, start: int, size: int) -> None:
        """Fetch these bytes in one piece, unless they are here."""
        self._content(start, min(self._size, start + size))

    def _content(self, start: int, end: int) -> bytes:
        for offset, content in self._pieces:
            if offset <= start and end <= offset + len(content):
                return content[start - offset : end - offset]
        # A little more than asked: zipfile reads a member's header, name and bytes one after the
        # other.
        last = min(self._size, end + AHEAD) - 1
        offset, _, content = self._fetch(f"bytes={start}-{last}")
        if not (offset <= start and end <= offset + len(content)):
            raise NoMetadata(f"expected bytes {start} to {end}, got {len(content)} from {offset}")
        self._pieces.append((offset, content))
        return content[start - offset : end - offset]
