"""
Locks between processes, which end with the process that holds them, even when it is killed.

A lock is an advisory lock of the operating system on an open file. The file itself stays: removing
it would let two processes lock two files of one name.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from matrix.edge import files

if sys.platform == "win32":  # pragma: no cover - Windows has no flock
    import msvcrt

    # Beyond the text: a byte that is locked cannot be read by other processes.
    _LOCKED_BYTE = 1 << 30

    def _acquire(stream: BinaryIO) -> bool:
        stream.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _acquire(stream: BinaryIO) -> bool:
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_LONGEST_HOLDER = 300


class Locked(Exception):
    """Another process holds the lock; the text says which one, as far as it is known."""


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """
    Hold the lock of the file ``path`` while the block runs; raise ``Locked`` if another process
    holds it.
    """
    try:
        stream = path.open("ab+", buffering=0)
    except OSError as error:
        raise files.write_error(path, error) from error
    with stream:
        try:
            if not _acquire(stream):
                raise Locked(_read_holder(stream))
            stream.truncate(0)
            stream.write(f"process {os.getpid()} on {platform.node()}".encode())
        except OSError as error:
            raise files.write_error(path, error) from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                stream.truncate(0)


def _read_holder(stream: BinaryIO) -> str:
    stream.seek(0)
    text = stream.read(_LONGEST_HOLDER).decode("ascii", errors="backslashreplace")
    return text if text.isprintable() and text else "another process"
