"""
The parts of a bundle put together again.

Every part has its digest, the archive may hold plain files below one directory and nothing else,
and the result is an unverified bundle like any other.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from matrix.edge import files
from matrix.edge.scratch import make_directory
from matrix.errors import NotVerified, Problem
from matrix.record import parts, schema
from matrix.record.parts import Part, Parts
from matrix.verify import contents, reading, tree

_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
_END_BYTES: Final = 2 * tarfile.BLOCKSIZE  # POSIX: two blocks of zeros
# What tarfile raises for damaged headers: numbers and pax fields are parsed without a check.
_DAMAGE: Final = (tarfile.TarError, ValueError, ArithmeticError, LookupError, EOFError)


@contextlib.contextmanager
def open_bundle(path: Path, *, scratch: Path) -> Iterator[Path]:
    """
    Yield the bundle at ``path``: itself, or its parts joined in a temporary directory.

    The temporary directory is made below ``scratch``, which must have room for the whole bundle.
    """
    if not os.path.lexists(path / parts.FILENAME):
        yield path
        return
    with make_directory(scratch, prefix="joined-") as directory:
        yield join_parts(path, directory)


def join_parts(directory: Path, into: Path) -> Path:
    """
    Unpack the parts in ``directory`` below ``into``, and return the bundle's directory there.

    Raises ``NotVerified`` with every problem of the parts. The bundle is still to be verified.
    """
    path_by_name, problems = tree.list_files(directory)
    if parts.FILENAME not in path_by_name:
        what = f"expected a regular file {parts.FILENAME}, got none"
        raise NotVerified(Problem(place=str(directory), what=what))
    data = reading.read_bytes(path_by_name[parts.FILENAME], place=parts.FILENAME)
    listing = reading.parse(data, parts.parse, place=parts.FILENAME)
    _refuse([*problems, *_check_names(listing, path_by_name), *_check_files(listing, path_by_name)])
    paths = [path_by_name[part.filename] for part in listing.parts]
    try:
        with io.BufferedReader(_Joined(paths), files.CHUNK) as stream:
            end = _extract(stream, listing.label, into)
    except _DAMAGE as error:
        what = f"not a tar: {str(error)[:200]}"
        raise NotVerified(Problem(place=listing.label, what=what)) from error
    _check_end(paths, end, listing.label)
    bundle = into / listing.label
    record = reading.read_bytes(bundle / schema.FILENAME, place=schema.FILENAME)
    reading.compare_digest(record, listing.record_sha256, place=schema.FILENAME)
    _compare_notes(path_by_name, bundle, listing.record_sha256)
    return bundle


def _check_names(listing: Parts, path_by_name: dict[str, Path]) -> Iterator[Problem]:
    if schema.FILENAME in path_by_name:
        what = f"a directory holds {parts.FILENAME} or {schema.FILENAME}, not both"
        yield Problem(place=schema.FILENAME, what=what)
    known = {file.filename for file in (*listing.parts, *listing.files)}
    known |= {parts.FILENAME, schema.FILENAME, schema.SIGNATURE}
    for name in sorted(path_by_name.keys() - known):
        yield Problem(place=name, what=f"is not listed in {parts.FILENAME}")


def _check_files(listing: Parts, path_by_name: dict[str, Path]) -> Iterator[Problem]:
    for file in (*listing.parts, *listing.files):
        if file.filename in path_by_name:
            yield from contents.compare_bytes(_as_recorded(file), path_by_name[file.filename])
        else:
            yield Problem(place=file.filename, what="expected a file, got none")


def _as_recorded(file: Part) -> schema.RecordedFile:
    return schema.RecordedFile(path=file.filename, size=file.size, sha256=file.sha256)


def _extract(stream: BinaryIO, label: str, into: Path) -> int:
    """Unpack the archive and return where its last member ends."""
    end = 0
    names = tree.PortableTree()
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            top, _, name = member.name.partition("/")
            is_plain = member.type in _PLAIN and member.sparse is None
            if not is_plain or top != label or not name:
                what = f"expected files below {label!r} only"
                raise NotVerified(Problem(place=repr(member.name), what=what))
            _refuse(names.add(name))
            content = archive.extractfile(member)
            assert content is not None  # noqa: S101 - a plain file has content
            with content, files.replacing(into / label / name) as target:
                shutil.copyfileobj(content, target, files.CHUNK)
            end = member.offset_data + -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    return end


def _check_end(paths: Iterable[Path], end: int, label: str) -> None:
    """Refuse a second archive, or other bytes, behind the one that was read; other programs may."""
    rest = 0
    for path in paths:
        with files.reading(path) as stream:
            size = stream.seek(0, io.SEEK_END)
            stream.seek(min(end, size))
            end -= min(end, size)
            while chunk := stream.read(files.CHUNK):
                rest += len(chunk)
                if chunk.strip(b"\0"):
                    what = "expected nothing behind the last file of the tar, got more"
                    raise NotVerified(Problem(place=label, what=what))
    if rest < _END_BYTES:
        raise NotVerified(Problem(place=label, what="not a tar: it ends early"))


def _refuse(problems: Iterable[Problem]) -> None:
    if collected := list(problems):
        raise NotVerified.of(collected)


def _compare_notes(path_by_name: dict[str, Path], bundle: Path, record_sha256: str) -> None:
    place = parts.NOTES
    if place not in path_by_name:
        return
    notes = reading.read_bytes(bundle / place, place=f"{bundle.name}/{place}")
    carried = reading.read_bytes(path_by_name[place], place=place)
    if carried != parts.render_notes(notes, record_sha256):
        raise NotVerified(Problem(place=place, what="is not what the bundle's own notes give"))


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
