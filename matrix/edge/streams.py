"""
stdout and stderr, which may be closed, full, or read by a program that has ended.

Python would answer with a traceback now, or with one more when it flushes at exit.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from matrix.errors import NotWritten, Problem

if TYPE_CHECKING:
    from typing import TextIO


def write(stream: TextIO | None, text: str, *, name: str) -> None:
    """
    Write ``text`` and flush; a character that ``stream`` cannot encode is escaped.

    A reader that has read enough (``| head``) is no error: what it does not read is discarded.
    Raise ``NotWritten`` for a stream that is closed or full.
    """
    if stream is None:
        raise NotWritten(Problem(place=name, what="cannot be written: it is closed"))
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        discard(stream)
    except OSError as error:
        discard(stream)
        what = f"cannot be written: {error.strerror or error}"
        raise NotWritten(Problem(place=name, what=what)) from error


def discard(stream: TextIO) -> None:
    """Send what ``stream`` still holds, and what follows, nowhere."""
    # A stream of a test has no descriptor.
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, stream.fileno())
        finally:
            os.close(null)
