"""
The parts of a bundle put together again.

Every part has its digest, the archive may hold plain files below one directory and nothing else,
and the result is an unverified bundle like any other.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from matrix.edge import files
from matrix.errors import MatrixError, NotVerified, Problem
from matrix.record import parts
from matrix.record.canonical import InvalidRecord
from matrix.record.parts import Part, Parts
from matrix.verify import tree

_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


@contextlib.contextmanager
def open_bundle(path: Path, *, scratch: Path) -> Iterator[Path]:
    """
    Yield the bundle at ``path``: itself, or its parts joined in a temporary directory.

    The temporary directory is made below ``scratch``, which must have room for the whole bundle.
    """
    if not (path / parts.FILENAME).exists():
        yield path
        return
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix="joined-", dir=scratch))
    except OSError as error:
        raise files.write_error(scratch, error) from error
    try:
        yield join_parts(path, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def join_parts(directory: Path, into: Path) -> Path:
    """
    Unpack the parts in ``directory`` below ``into``, and return the bundle's directory there.

    Raises ``NotVerified`` with every problem of the parts. The bundle is still to be verified.
    """
    contents = _read_parts_file(directory)
    _refuse([*_check_parts(contents, directory), *_find_unlisted(contents, directory)])
    paths = [directory / part.filename for part in contents.parts]
    try:
        with io.BufferedReader(_Joined(paths), files.CHUNK) as stream:
            _extract(stream, contents.label, into)
    except tarfile.TarError as error:
        raise NotVerified(Problem(place=contents.label, what=f"not a tar: {error}")) from error
    _compare_notes(directory, into / contents.label)
    return into / contents.label


def _read_parts_file(directory: Path) -> Parts:
    with files.reading(directory / parts.FILENAME) as stream:
        text = stream.read()
    try:
        return parts.parse(text.decode("utf-8"))
    except (InvalidRecord, UnicodeDecodeError) as error:
        raise NotVerified(Problem(place=parts.FILENAME, what=str(error))) from error


def _check_parts(contents: Parts, directory: Path) -> Iterator[Problem]:
    for part in contents.parts:
        path = directory / part.filename
        if path.is_symlink() or not path.is_file():
            yield Problem(place=part.filename, what="expected a file, got none")
        else:
            yield from _check_bytes(part, path)


def _check_bytes(part: Part, path: Path) -> Iterator[Problem]:
    if (size := path.stat().st_size) != part.size:
        yield Problem(place=part.filename, what=f"expected {part.size} bytes, got {size}")
        return
    try:
        sha256 = files.digest(path)
    except MatrixError as error:
        yield from error.problems
        return
    if sha256 != part.sha256:
        yield Problem(place=part.filename, what=f"expected sha256 {part.sha256}, got {sha256}")


def _find_unlisted(contents: Parts, directory: Path) -> Iterator[Problem]:
    """Name parts that are not listed: most likely those of another bundle."""
    known = {part.filename for part in contents.parts}
    for path in sorted(directory.glob("*.tar.part*")):
        if path.name not in known:
            yield Problem(place=path.name, what=f"is not listed in {parts.FILENAME}")


def _extract(stream: BinaryIO, label: str, into: Path) -> None:
    seen: list[str] = []
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            top, _, name = member.name.partition("/")
            is_plain = member.type in _PLAIN and member.sparse is None
            if not is_plain or top != label or not name:
                what = f"expected files below {label!r} only"
                raise NotVerified(Problem(place=repr(member.name), what=what))
            seen.append(name)
            _refuse(tree.find_unportable([name]))
            content = archive.extractfile(member)
            assert content is not None  # noqa: S101 - a plain file has content
            with content, files.replacing(into / label / name) as target:
                shutil.copyfileobj(content, target, files.CHUNK)
    _refuse(tree.find_unportable(seen))


def _refuse(problems: Iterable[Problem]) -> None:
    if collected := list(problems):
        raise NotVerified.of(collected)


def _compare_notes(directory: Path, bundle: Path) -> None:
    carried, own = directory / parts.NOTES, bundle / parts.NOTES
    if carried.exists() and (not own.exists() or carried.read_bytes() != own.read_bytes()):
        raise NotVerified(Problem(place=parts.NOTES, what="is not the bundle's own"))


class _Joined(io.RawIOBase):
    """The bytes of several files, one after the other."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = iter(paths)
        self._stream: io.BufferedReader | None = None

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        super().close()

    def readinto(self, buffer: bytearray | memoryview[int]) -> int:  # type: ignore[override]
        while True:
            if self._stream is None:
                path = next(self._paths, None)
                if path is None:
                    return 0
                self._stream = path.open("rb")
            if count := self._stream.readinto(buffer):
                return count
            self._stream.close()
            self._stream = None
