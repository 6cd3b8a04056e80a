"""
The bytes of an archive as a stream that only goes forward and counts.

``tarfile`` reads from it in pieces of the size that headers state, so the limits stand here, below
it: how much one read may take (a header that claims a gigabyte), how much comes out in all, and how
much for each byte that went in.
"""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, BinaryIO, Final

from matrix.edge import limits

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK: Final = 1 << 18
_KEPT: Final = 1024  # tarfile goes back by one byte before each header
_END_BYTES: Final = 1024


class InvalidArchive(ValueError):
    """Not an archive that can be read within our rules."""


class ForwardStream:
    """``source``, read once from its start to its end, for ``tarfile`` in the mode ``r:``."""

    def __init__(
        self, source: io.RawIOBase | BinaryIO, *, packed_size: int, limit: str = "unpacked bytes"
    ) -> None:
        self._source = source
        self._packed_size = packed_size
        self._limit = limit
        self._position = 0
        self._size = 0
        self._tail = b""

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Go to ``position``: forward by reading, back by a few bytes only."""
        if whence != io.SEEK_SET or position < self._size - len(self._tail):
            raise InvalidArchive("its members are not in order")
        self._position = min(position, self._size)
        while self._position < position and self.read(min(CHUNK, position - self._position)):
            pass
        return self._position

    def read(self, size: int = -1) -> bytes:
        limits.check("member header bytes", max(size, 0), InvalidArchive)
        if size < 0:
            raise InvalidArchive("a read without a limit")
        behind = self._size - self._position
        data = self._tail[len(self._tail) - behind :][:size] if behind else b""
        while len(data) < size and (more := self._read_source(size - len(data))):
            data += more
        self._position += len(data)
        return data

    def _read_source(self, size: int) -> bytes:
        data = self._source.read(size) or b""
        self._size += len(data)
        self._tail = (self._tail + data[-_KEPT:])[-_KEPT:]
        limits.check(self._limit, self._size, InvalidArchive)
        check_ratio(self._size, self._packed_size)
        return data

    def check_end(self, end: int) -> None:
        """
        Refuse an archive that goes on behind its last file, which ends at ``end``.

        Other programs may read a second archive there. POSIX ends a tar by two blocks of zeros.
        """
        behind = max(self._size - end, 0)
        rest = self._tail[len(self._tail) - behind :]
        while not rest.strip(b"\0") and (rest := self._read_source(CHUNK)):
            behind += len(rest)
        if rest:
            raise InvalidArchive("expected nothing behind the last file of the tar, got more")
        if behind < _END_BYTES:
            raise InvalidArchive("it ends early")

    @property
    def last_block_is_zero(self) -> bool:
        """Whether the last 512 bytes are zeros, as those are that end a tar."""
        return not self._tail[-512:].strip(b"\0")


def check_ratio(unpacked: int, packed: int) -> None:
    """Refuse archives that are almost all air."""
    if unpacked > limits.cap("unpacked bytes without a ratio"):
        ratio = -(-unpacked // max(packed, 1))
        limits.check("unpacked bytes per packed byte", ratio, InvalidArchive)


def decompress(stream: BinaryIO) -> BinaryIO:
    """The bytes of ``stream``, decompressed as its first bytes tell: gzip, bzip2, xz or not."""
    head = stream.read(6)
    stream.seek(0)
    for magic, opener in _OPENERS:
        if head.startswith(magic):
            return opener(stream)
    return stream


def _open_gzip(stream: BinaryIO) -> BinaryIO:
    return gzip.GzipFile(fileobj=stream, mode="rb")  # type: ignore[return-value]


def _open_bzip2(stream: BinaryIO) -> BinaryIO:
    import bz2  # noqa: PLC0415 - CPython can be built without it

    return bz2.BZ2File(stream)  # type: ignore[return-value]


def _open_xz(stream: BinaryIO) -> BinaryIO:
    return io.BufferedReader(_XzStream(stream), CHUNK)


_OPENERS: Final[tuple[tuple[bytes, Callable[[BinaryIO], BinaryIO]], ...]] = (
    (b"\x1f\x8b", _open_gzip),
    (b"BZh", _open_bzip2),
    (b"\xfd7zXZ\0", _open_xz),
)


class _XzStream(io.RawIOBase):
    """A decompressed xz stream; ``lzma.LZMAFile`` takes no limit for the memory of its window."""

    def __init__(self, stream: BinaryIO) -> None:
        import lzma  # noqa: PLC0415 - CPython can be built without it

        self._stream = stream
        self._decompressor = lzma.LZMADecompressor(
            format=lzma.FORMAT_XZ, memlimit=limits.cap("xz window bytes")
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = b""
        while not data and not self._decompressor.eof:
            packed = self._stream.read(CHUNK) if self._decompressor.needs_input else b""
            if self._decompressor.needs_input and not packed:
                raise EOFError("the xz stream ends early")
            data = self._decompressor.decompress(packed, max_length=len(buffer))
        buffer[: len(data)] = data
        return len(data)
