"""
Files that appear whole or not at all.

A file is written under a temporary name in its own directory, flushed, checked, and renamed; so a
reader never sees half of it, and an interrupt leaves nothing but what was there before.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
from typing import TYPE_CHECKING, BinaryIO, Final

from matrix.errors import DigestMismatch, MatrixError, NotWritten, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import BufferedReader
    from pathlib import Path

CHUNK: Final = 1 << 20
_FLAGS: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_TEMPORARY: Final = re.compile(r"\..{1,100}\.[0-9a-f]{8}\.part", re.DOTALL)


def write(path: Path, content: bytes | str, *, durable: bool = True) -> None:
    """
    Write ``content`` (text as UTF-8) to ``path``, replacing what was there.

    Files that can be fetched again and are checked when they are read need not be ``durable``: a
    thousand files of a cache would wait for the disk a thousand times.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    with replacing(path, durable=durable) as stream:
        stream.write(data)


def append(path: Path, text: str) -> None:
    """
    Append ``text`` to an existing file that other programs append to as well.

    Only for the files that CI services offer for outputs and summaries: they cannot be replaced.
    """
    try:
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise write_error(path, error) from error


@contextlib.contextmanager
def writing_lines(path: Path) -> Iterator[Callable[[str], None]]:
    """
    Yield what writes a line to the new file ``path`` at once.

    The file is under its own name from the start, for who reads it after this process was killed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        raise write_error(path, error) from error

    def write_line(text: str) -> None:
        try:
            stream.write(f"{text}\n")
            stream.flush()
        except OSError as error:
            raise write_error(path, error) from error

    with stream:
        yield write_line


def write_stream(path: Path, chunks: Iterable[bytes], *, sha256: str, name: str = "") -> None:
    """
    Write ``chunks`` to ``path``, provided that their digest is ``sha256``; ``name`` is for the
    message.
    """
    actual = hashlib.sha256()
    with replacing(path) as stream:
        for chunk in chunks:
            actual.update(chunk)
            stream.write(chunk)
        _compare(actual.hexdigest(), sha256, name or path.name)


def check(content: bytes, *, sha256: str, name: str) -> None:
    """
    Raise ``DigestMismatch`` unless ``content`` has that digest; an empty ``sha256`` checks nothing.
    """
    if sha256:
        _compare(hashlib.sha256(content).hexdigest(), sha256, name)


def _compare(actual: str, expected: str, name: str) -> None:
    if actual != expected:
        raise DigestMismatch(
            Problem(
                place=name,
                what=f"expected sha256 {expected}, got {actual}",
                hint="replaced or damaged on the way; try again, then compare lock and index",
            )
        )


def copy(source: Path, destination: Path, *, sha256: str) -> None:
    """Copy ``source`` to ``destination``, provided that its bytes have the digest ``sha256``."""
    with reading(source) as stream:
        write_stream(destination, iter(lambda: stream.read(CHUNK), b""), sha256=sha256)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Yield a stream that becomes ``path`` when the block ends, and vanishes when it raises."""
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_error(path, error) from error
        raise


def is_temporary(name: str) -> bool:
    """
    Whether ``replacing`` gives files such a name until they are complete.

    Without a process that writes, as under a lock, such a file was left by one that was killed.
    """
    return _TEMPORARY.fullmatch(name) is not None


@contextlib.contextmanager
def reading(path: Path) -> Iterator[BufferedReader]:
    """
    Yield ``path``, open for reading; the error names a file that cannot be read.

    Only a regular file is read: a FIFO would wait for ever, a device may never end.
    """
    try:
        stream = open_regular(path)
    except OSError as error:
        raise MatrixError(
            Problem(place=str(path), what=f"cannot be read: {error.strerror or error}")
        ) from error
    with stream:
        yield stream


def open_regular(path: Path) -> BufferedReader:
    """``path``, open for reading; raises ``OSError`` also for what is no regular file."""
    # Checked by the handle: between a look at the path and the open it could become a FIFO.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _FLAGS)
    reason = _refuse_kind(os.fstat(handle).st_mode)
    if reason is not None:
        os.close(handle)
        raise reason
    return os.fdopen(handle, "rb")


def _refuse_kind(mode: int) -> OSError | None:
    if stat.S_ISDIR(mode):
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        return OSError(errno.EINVAL, "expected a regular file, got a device, FIFO or socket")
    return None


def digest(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    sha256 = hashlib.sha256()
    with reading(path) as stream:
        # hashlib.file_digest is 3.11.
        for chunk in iter(lambda: stream.read(CHUNK), b""):
            sha256.update(chunk)
    return sha256.hexdigest()


def write_error(path: Path, error: OSError) -> NotWritten:
    """The error to raise when the file system refuses to write ``path``."""
    return NotWritten(
        Problem(
            place=str(path),
            what=f"cannot be written: {error.strerror or error}",
            hint="free space or choose another directory; nothing was left half-written",
        )
    )
