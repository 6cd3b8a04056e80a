"""A wheel, opened and checked: its name, metadata, RECORD and members agree (PEP 427, 491)."""

from __future__ import annotations

import dataclasses
import hashlib
import zipfile
from typing import TYPE_CHECKING, BinaryIO

from matrix.distributions import core_metadata
from matrix.distributions.core_metadata import InvalidMetadata
from matrix.distributions.wheel_layout import (
    check_texts,
    find_dist_info,
    list_members,
    top_level,
)
from matrix.distributions.wheel_name import (
    Identity,
    InvalidWheel,
    WheelName,
    blame,
    parse_filename,
    runs_everywhere,
)
from matrix.distributions.wheel_record import check_record
from matrix.edge import files, limits
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName
    from packaging.version import Version

    from matrix.distributions.core_metadata import CoreMetadata

__all__ = [
    "Identity",
    "InvalidWheel",
    "Wheel",
    "WheelName",
    "find_dist_info",
    "parse_filename",
    "read",
    "read_stream",
    "runs_everywhere",
    "top_level",
]


@dataclasses.dataclass(frozen=True)
class Wheel:
    """A wheel whose name, metadata, RECORD and bytes agree."""

    filename: str
    project: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    metadata: CoreMetadata
    metadata_bytes: bytes
    sha256: str
    size: int
    top_level: tuple[str, ...]
    """Modules that can be imported once the wheel is installed, sorted."""


def read(path: Path) -> Wheel:
    """Open the wheel at ``path`` and check it; raises ``InvalidWheel``."""
    with files.reading(path) as stream:
        return read_stream(stream, filename=path.name)


def read_stream(stream: BinaryIO, *, filename: str) -> Wheel:
    """
    Read a wheel from its bytes and check every member against RECORD; raises ``InvalidWheel``.

    Members are hashed as they stream by, so a wheel of any size needs little memory.
    """
    name = parse_filename(filename)
    with translate_errors(InvalidWheel, f"{filename} is not a readable zip archive"):
        with zipfile.ZipFile(stream) as archive:
            members = list_members(filename, archive)
            own = find_dist_info(name, members)
            check_record(filename, archive, members, own)
            check_texts(filename, archive, members, own)
            data = _read_metadata(filename, archive, members.get(f"{own}/METADATA"), own)
        sha256, size = _digest(stream)
    return Wheel(
        filename=name.filename,
        project=name.project,
        version=name.version,
        build=name.build,
        tags=name.tags,
        metadata=_parse_metadata(name, data),
        metadata_bytes=data,
        sha256=sha256,
        size=size,
        top_level=top_level(members),
    )


def _read_metadata(
    filename: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo | None, dist_info: str
) -> bytes:
    if info is None:
        raise InvalidWheel(f"{filename} has no {dist_info}/METADATA")
    limits.check("METADATA bytes", info.file_size, blame(filename))
    return archive.read(info)


def _digest(stream: BinaryIO) -> tuple[str, int]:
    """The sha256 and the size of the bytes that were checked, not of those at a path later."""
    sha256 = hashlib.sha256()
    stream.seek(0)
    for chunk in iter(lambda: stream.read(files.CHUNK), b""):
        sha256.update(chunk)
    return sha256.hexdigest(), stream.tell()


def _parse_metadata(name: WheelName, data: bytes) -> CoreMetadata:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidWheel(f"{name.filename} has METADATA that is not UTF-8") from error
    try:
        metadata = core_metadata.parse(data)
    except InvalidMetadata as error:
        raise InvalidWheel(f"{name.filename} has unusable METADATA: {error}") from error
    if (metadata.project, metadata.version) != (name.project, name.version):
        expected = f"{name.project} {name.version}"
        got = f"{metadata.project} {metadata.version}"
        raise InvalidWheel(f"expected METADATA of {expected} in {name.filename}, got {got}")
    return metadata
