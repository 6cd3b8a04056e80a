"""
The members of a tar or zip, one after the other, within our limits.

Names are judged here, once for every archive: a member's path is plain and relative, or the archive
is refused. What a member is (file, directory, link) is reported as it stands in the archive;
``archives`` decides what is written.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING, BinaryIO, Final

from matrix.edge import limits
from matrix.edge.archive_streams import (
    CHUNK,
    ForwardStream,
    InvalidArchive,
    check_ratio,
    decompress,
)
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator


class Kind(enum.Enum):
    """What a member is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMBOLIC_LINK = "symbolic link"
    HARD_LINK = "hard link"
    OTHER = "device, FIFO or sparse file"


@dataclasses.dataclass(frozen=True)
class Member:
    """
    One member, while the archive stands at it: ``open`` is for before the next member only.

    ``target`` is what a link names, as written.
    """

    name: str
    path: tuple[str, ...]
    """The names of ``name``, checked; empty for the archive's own top (``./``)."""
    kind: Kind
    size: int
    open: Callable[[], BinaryIO]
    target: str = ""
    is_executable: bool = False
    modified: float | None = None

    def chunks(self) -> Iterator[bytes]:
        """The content of a file."""
        limits.check("member bytes", self.size, InvalidArchive)
        with translate_errors(InvalidArchive), self.open() as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


_TAR_KINDS: Final = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMBOLIC_LINK,
    tarfile.LNKTYPE: Kind.HARD_LINK,
}
_ZIP_KINDS: Final = {
    0: Kind.FILE,
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMBOLIC_LINK,
}
_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{number}" for port in ("COM", "LPT") for number in "123456789"}
)
_IS_WINDOWS: Final = os.name == "nt"
_ZIP: Final = (b"PK\3\4", b"PK\5\6")
_UNIX: Final = 3  # the "create system" whose external attributes hold a mode


def split_name(name: str) -> tuple[str, ...]:
    """
    The names of a member's path; raises ``InvalidArchive`` for one that may lead out.

    >>> split_name("./a//b/")
    ('a', 'b')
    """
    limits.check("member name bytes", len(os.fsencode(name)), InvalidArchive)
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if name.startswith("/") or ".." in parts or "\0" in name or (_IS_WINDOWS and _is_odd(name)):
        raise InvalidArchive(f"member {name!r} leads out of the archive")
    limits.check("path levels", len(parts), InvalidArchive)
    longest = max((len(os.fsencode(part)) for part in parts), default=0)
    limits.check("file name bytes", longest, InvalidArchive)
    return parts


def _is_odd(name: str) -> bool:
    """Whether Windows would read ``name`` as another path, a stream or a device."""
    stems = {part.partition(".")[0].rstrip(" ").upper() for part in name.split("/")}
    return bool("\\" in name or ":" in name or stems & _DEVICES)


def read_members(stream: BinaryIO) -> Iterator[Member]:
    """
    Yield the members of the zip or tar in ``stream``, which must be seekable.

    Raises ``InvalidArchive`` for damage and by our rules.
    """
    head = stream.read(4)
    packed_size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    # By its first bytes: zipfile.is_zipfile looks at the last, which a tar may choose as well.
    with translate_errors(InvalidArchive):
        if head in _ZIP:
            yield from _read_zip(stream)
        else:
            yield from _read_tar(ForwardStream(decompress(stream), packed_size=packed_size))


def read_tar_members(source: BinaryIO | io.RawIOBase, *, size: int, limit: str) -> Iterator[Member]:
    """
    Yield the members of an uncompressed tar of ``size`` bytes, and nothing may follow the last one.

    ``source`` need not be seekable; ``limit`` names the one for all its bytes.
    """
    stream = ForwardStream(source, packed_size=size, limit=limit)
    with translate_errors(InvalidArchive):
        yield from _read_tar(stream, is_all=True)


def _read_tar(stream: ForwardStream, *, is_all: bool = False) -> Iterator[Member]:
    count = end = 0
    with _open_tar(stream) as tar:
        while (info := tar.next()) is not None:
            # A tar of many members would need memory for all of them; typeshed lacks the field.
            tar.members.clear()  # type: ignore[attr-defined]
            count += 1
            limits.check("members", count, InvalidArchive)
            end = info.offset_data + -(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
            yield _of_tar(tar, info)
    if is_all:
        stream.check_end(end)
    if not stream.last_block_is_zero:
        # tarfile takes a damaged header for the end.
        raise InvalidArchive(f"the header after member {count} is damaged")


def _open_tar(stream: ForwardStream) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=stream, mode="r:")  # type: ignore[call-overload, no-any-return]
    except tarfile.ReadError as error:
        raise InvalidArchive("not a zip or tar archive") from error


def _of_tar(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    def open_content() -> BinaryIO:
        content = tar.extractfile(info)
        assert content is not None  # noqa: S101 - only files are opened
        return content  # type: ignore[return-value]

    kind = Kind.OTHER if info.sparse is not None else _TAR_KINDS.get(info.type, Kind.OTHER)
    return Member(
        name=info.name,
        path=split_name(info.name),
        kind=kind,
        size=info.size if kind is Kind.FILE else 0,
        open=open_content,
        target=info.linkname,
        is_executable=bool(info.mode & stat.S_IXUSR),
        modified=info.mtime,
    )


def _read_zip(stream: BinaryIO) -> Iterator[Member]:
    with zipfile.ZipFile(stream) as archive:
        infos = archive.infolist()
        limits.check("members", len(infos), InvalidArchive)
        unpacked = sum(info.file_size for info in infos)
        limits.check("unpacked bytes", unpacked, InvalidArchive)
        check_ratio(unpacked, stream.seek(0, os.SEEK_END))
        for info in infos:
            yield _of_zip(archive, info)


def _of_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    # zipfile turns the host's separator into a slash; the name as written is in orig_filename.
    name = info.orig_filename
    if "\\" in name or ":" in name.partition("/")[0]:
        raise InvalidArchive(f"member {name!r} leads out of the archive")
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    kind = Kind.DIRECTORY if name.endswith("/") else _ZIP_KINDS.get(stat.S_IFMT(mode), Kind.OTHER)
    target = ""
    if kind is Kind.SYMBOLIC_LINK:
        limits.check("member name bytes", info.file_size, InvalidArchive)
        target = archive.read(info).decode("utf-8")
    return Member(
        name=name,
        path=split_name(name),
        kind=kind,
        size=info.file_size,
        open=lambda: archive.open(info),  # type: ignore[arg-type, return-value]
        target=target,
        is_executable=bool(mode & stat.S_IXUSR),
    )
