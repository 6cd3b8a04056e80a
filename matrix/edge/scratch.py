"""Directories for a while, removed by their own process or, if that was killed, by the next one."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from matrix.edge import files, locks
from matrix.errors import NotWritten

LOCK: Final = ".lock"
"""What the name of a directory's lock ends with."""


@contextlib.contextmanager
def make_directory(parent: Path, *, prefix: str) -> Iterator[Path]:
    """
    Yield a new directory below ``parent``, and remove it afterwards.

    What killed processes left there under the same ``prefix`` is removed first. A directory whose
    process lives has a lock beside it; the lock is taken before the directory is made.
    """
    directory = parent / f"{prefix}{secrets.token_hex(4)}"
    lock = directory.with_name(f"{directory.name}{LOCK}")
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.write_error(parent, error) from error
    _remove_dead(parent, prefix)
    try:
        with locks.hold(lock):
            try:
                directory.mkdir(mode=0o700)
            except OSError as error:
                raise files.write_error(directory, error) from error
            try:
                yield directory
            finally:
                shutil.rmtree(directory, ignore_errors=True)
    finally:
        _unlink(lock)


def _remove_dead(parent: Path, prefix: str) -> None:
    for directory in sorted(parent.glob(f"{prefix}*")):
        lock = directory.with_name(f"{directory.name}{LOCK}")
        if directory.is_dir() and lock.exists():
            with contextlib.suppress(locks.Locked, NotWritten), locks.hold(lock):
                shutil.rmtree(directory, ignore_errors=True)
                _unlink(lock)


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
