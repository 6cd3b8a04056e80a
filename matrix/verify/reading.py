"""The files of a carried directory: regular ones only, and small ones at once with a limit."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from matrix.edge import files
from matrix.errors import NotVerified, Problem
from matrix.record.canonical import InvalidRecord

T = TypeVar("T")

MAX_BYTES: Final = 1 << 28
"""256 MiB: a record of 100,000 wheels has about 80."""


@contextlib.contextmanager
def open_file(path: Path, *, place: str) -> Iterator[BinaryIO]:
    """
    Yield a regular file, open for reading; raise ``NotVerified`` for anything else.

    The file is opened without waiting: a named pipe may have taken its place since it was listed.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags), "rb") as stream:  # noqa: PTH123 - Path.open has no flags
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise NotVerified(Problem(place=place, what="expected a file, got a special file"))
            yield stream
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise NotVerified(Problem(place=place, what=what)) from error


def read_bytes(path: Path, *, place: str) -> bytes:
    """Return the content of a small file."""
    with open_file(path, place=place) as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        what = f"expected at most {MAX_BYTES} bytes, got more"
        raise NotVerified(Problem(place=place, what=what))
    return data


def measure(path: Path, *, place: str) -> tuple[int, str]:
    """Return the size and the sha256 of a file of any size."""
    size, sha256 = 0, hashlib.sha256()
    with open_file(path, place=place) as stream:
        for chunk in iter(lambda: stream.read(files.CHUNK), b""):
            size += len(chunk)
            sha256.update(chunk)
    return size, sha256.hexdigest()


def parse(data: bytes, parse_text: Callable[[str], T], *, place: str) -> T:
    """Return ``data`` parsed as canonical JSON; raise ``NotVerified`` with the place."""
    try:
        return parse_text(data.decode("utf-8"))
    except (InvalidRecord, UnicodeDecodeError) as error:
        raise NotVerified(Problem(place=place, what=str(error))) from error


def compare_digest(data: bytes, expected: str, *, place: str) -> str:
    """Return the sha256 of ``data``; raise ``NotVerified`` unless it is ``expected`` (or "")."""
    actual = hashlib.sha256(data).hexdigest()
    if expected and actual != expected.lower():
        what = f"expected sha256 {expected}, got {actual}"
        raise NotVerified(Problem(place=place, what=what))
    return actual
