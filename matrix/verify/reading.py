"""The files of a carried directory: regular ones only, and small ones at once with a limit."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from matrix.edge import files, limits
from matrix.errors import NotVerified, Problem
from matrix.record.canonical import InvalidRecord

T = TypeVar("T")


@contextlib.contextmanager
def open_file(path: Path, *, place: str) -> Iterator[BinaryIO]:
    """Yield a regular file, open for reading; raise ``NotVerified`` for anything else."""
    try:
        with files.open_regular(path) as stream:
            yield stream
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise NotVerified(Problem(place=place, what=what)) from error


def blame(place: str) -> Callable[[str], NotVerified]:
    """A function from what is wrong to the error at ``place``."""
    return lambda what: NotVerified(Problem(place=place, what=what))


def read_bytes(path: Path, *, place: str) -> bytes:
    """Return the content of a small file."""
    with open_file(path, place=place) as stream:
        size = os.fstat(stream.fileno()).st_size
        limits.check("carried text bytes", size, blame(place))
        return stream.read(size)


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
