"""
The parts of a bundle put together again.

Every part has its digest, the archive may hold plain files below one directory and nothing else,
and the result is an unverified bundle like any other.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from matrix.edge import archives
from matrix.edge.archive_members import Kind, Member, read_tar_members
from matrix.edge.archives import InvalidArchive
from matrix.edge.scratch import make_directory
from matrix.errors import NotVerified, Problem
from matrix.record import layout, parts, schema
from matrix.record.parts import Part, Parts
from matrix.verify import contents, reading, tree


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
    _unpack(listing, path_by_name, into)
    bundle = into / listing.label
    record = reading.read_bytes(bundle / schema.FILENAME, place=schema.FILENAME)
    reading.compare_digest(record, listing.record_sha256, place=schema.FILENAME)
    program_sha256 = _compare_program(listing, bundle)
    _compare_notes(path_by_name, bundle, listing.record_sha256, program_sha256)
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


def _unpack(listing: Parts, path_by_name: Mapping[str, Path], into: Path) -> None:
    size = sum(part.size for part in listing.parts)
    with _Joined(listing.parts, path_by_name) as joined:
        members = read_tar_members(joined, size=size, limit="bytes of a packed bundle")
        try:
            archives.write_members(_judge(members, listing.label), into)
        except InvalidArchive as error:
            raise NotVerified(
                Problem(place=listing.label, what=f"cannot be unpacked: {error}")
            ) from error


def _judge(members: Iterable[Member], label: str) -> Iterator[Member]:
    """Yield the members that a bundle's archive may hold: plain files, each once, below a top."""
    names = tree.PortableTree()
    for member in members:
        top, _, name = member.name.partition("/")
        if member.kind is not Kind.FILE or top != label or not name:
            what = f"expected files below {label!r} only"
            raise NotVerified(Problem(place=repr(member.name), what=what))
        _refuse(names.add(name))
        yield member


def _refuse(problems: Iterable[Problem]) -> None:
    if collected := list(problems):
        raise NotVerified.of(collected)


def _compare_program(listing: Parts, bundle: Path) -> str:
    """Return the digest of the program beside the parts, which must be the bundle's own."""
    (sha256,) = [f.sha256 for f in listing.files if f.filename == parts.PROGRAM] or [""]
    if sha256:
        _, own = reading.measure(bundle / layout.PROGRAM, place=f"{bundle.name}/{layout.PROGRAM}")
        if own != sha256:
            raise NotVerified(Problem(place=parts.PROGRAM, what="is not the bundle's own program"))
    return sha256


def _compare_notes(
    path_by_name: dict[str, Path], bundle: Path, record_sha256: str, program_sha256: str
) -> None:
    place = parts.NOTES
    if place not in path_by_name:
        return
    notes = reading.read_bytes(bundle / place, place=f"{bundle.name}/{place}")
    carried = reading.read_bytes(path_by_name[place], place=place)
    if carried != parts.render_notes(notes, record_sha256, program_sha256=program_sha256):
        raise NotVerified(Problem(place=place, what="is not what the bundle's own notes give"))


class _Joined(io.RawIOBase):
    """The bytes of the parts, one after the other."""

    def __init__(self, parts_in_order: Iterable[Part], path_by_name: Mapping[str, Path]) -> None:
        self._names = iter([part.filename for part in parts_in_order])
        self._path_by_name = path_by_name
        self._stack = contextlib.ExitStack()
        self._stream: BinaryIO | None = None

    def close(self) -> None:
        self._stack.close()
        super().close()

    def readinto(self, buffer: bytearray | memoryview[int]) -> int:  # type: ignore[override]
        while True:
            if self._stream is None:
                name = next(self._names, None)
                if name is None:
                    return 0
                opened = reading.open_file(self._path_by_name[name], place=name)
                self._stream = self._stack.enter_context(opened)
            if count := self._stream.readinto(buffer):  # type: ignore[attr-defined]
                return int(count)
            self._stack.close()
            self._stream = None
