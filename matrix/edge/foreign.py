"""
What libraries raise for foreign bytes, turned into the documented error of the reader.

``tarfile``, ``zipfile``, ``json``, ``packaging`` and the decompressors raise some twenty kinds for
damaged input, and a new release adds one more. Each reader wraps its work once, so that callers
handle one error and an attacker's file never ends in a traceback.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from matrix.errors import MatrixError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

try:
    from lzma import LZMAError
except ImportError:  # pragma: no cover - CPython can be built without lzma
    LZMAError = EOFError  # type: ignore[misc, assignment]

_DAMAGE: Final = (
    ArithmeticError,
    EOFError,
    LookupError,
    LZMAError,
    MemoryError,  # the parser of Python and damaged xz streams
    RuntimeError,  # encrypted zips; RecursionError and NotImplementedError are of this kind
    ValueError,  # Unicode, JSON, TOML, versions, integers of 5,000 digits
    csv.Error,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
# bz2 and gzip report damage without a number; a seek to a negative offset is "invalid".
_DAMAGED_STREAM: Final = frozenset({None, errno.EINVAL})
_LONGEST: Final = 200


@contextlib.contextmanager
def translate_errors(error: Callable[[str], Exception], what: str = "") -> Iterator[None]:
    """
    Raise ``error(f"{what}: REASON")`` for damage that shows in the block.

    An ``error`` that is a class passes as it is when the block raises it.

    A disk that fails is not damage of the file's content: that stays an error of its own, because
    damaged files of an index are passed over, and a release must not vanish with a bad disk.
    """
    try:
        yield
    except OSError as reason:
        if reason.errno not in _DAMAGED_STREAM:
            text = f"cannot be read: {reason.strerror or reason}"
            raise MatrixError(Problem(place=what, what=text)) from reason
        raise error(_join(what, describe(reason))) from reason
    except _DAMAGE as reason:
        if isinstance(error, type) and isinstance(reason, error):
            raise
        raise error(_join(what, describe(reason))) from reason


def _join(what: str, reason: str) -> str:
    return f"{what}: {reason}" if what else reason


def describe(reason: BaseException) -> str:
    """The first line of an exception's message, of bearable length; its kind where it has none."""
    lines = str(reason).splitlines()
    if isinstance(reason, RecursionError):
        return "nested too deep"
    if isinstance(reason, MemoryError):
        return "too large"
    if not lines or not lines[0].strip():
        return type(reason).__name__
    line = lines[0].strip()
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
