"""The lock of this machine that keeps two imports into one place apart."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from matrix.edge import locks
from matrix.errors import NotWritten, Problem


@contextlib.contextmanager
def hold_lock(path: Path, *, place: str) -> Iterator[None]:
    """Hold the lock file ``path``; raise ``NotWritten`` at ``place`` while another import does."""
    try:
        with locks.hold(path):
            yield
    except locks.Locked as error:
        what = f"another import is writing here: {error}"
        hint = "wait until it has ended, then run the command again"
        raise NotWritten(Problem(place=place, what=what, hint=hint)) from error
