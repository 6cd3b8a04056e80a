"""A wheel, opened and checked: its name, metadata, RECORD and members agree (PEP 427, 491)."""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from packaging.utils import InvalidWheelFilename, canonicalize_name
from packaging.utils import parse_wheel_filename as _parse_filename
from packaging.version import InvalidVersion, Version

from matrix.distributions import core_metadata
from matrix.distributions.core_metadata import InvalidMetadata
from matrix.edge import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName

    from matrix.distributions.core_metadata import CoreMetadata


class InvalidWheel(ValueError):
    """Not a wheel that an installer should accept."""


@dataclasses.dataclass(frozen=True)
class WheelName:
    """A wheel's filename, parsed."""

    filename: str
    project: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]


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


# The RECORD specification wants sha256 or better; these are the better ones that exist.
_ALGORITHMS: Final = frozenset({"sha256", "sha384", "sha512"})
# RECORD cannot hold its own digest; the signatures (PEP 427) are made over it afterwards.
_UNRECORDED: Final = ("RECORD", "RECORD.jws", "RECORD.p7s")
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_MODULE: Final = re.compile(r"([^.]+)(\.py|(\.[^/]+)?\.(so|pyd))")
_LIBRARY_SCHEMES: Final = frozenset({"purelib", "platlib"})


def runs_everywhere(filename: str) -> bool:
    """
    Whether a wheel of that name is pure: for every platform and every ABI.

    >>> runs_everywhere("six-1.17-py2.py3-none-any.whl"), runs_everywhere("a-1-py3-none-win32.whl")
    (True, False)
    """
    return filename.endswith("-none-any.whl")


def parse_filename(filename: str) -> WheelName:
    """The parts of a wheel's filename."""
    try:
        project, version, build, tags = _parse_filename(filename)
    except InvalidWheelFilename as error:
        raise InvalidWheel(str(error).splitlines()[0]) from error
    return WheelName(filename=filename, project=project, version=version, build=build, tags=tags)


def read(path: Path) -> Wheel:
    """
    Open the wheel at ``path`` and check every member against RECORD.

    Members are hashed as they stream by, so a wheel of any size needs little memory.
    """
    name = parse_filename(path.name)
    try:
        with files.reading(path) as stream, zipfile.ZipFile(stream) as archive:
            return _read(path, name, archive)
    except _DAMAGE as error:
        raise InvalidWheel(f"{path.name} is not a readable zip archive: {error}") from error


def _read(path: Path, name: WheelName, archive: zipfile.ZipFile) -> Wheel:
    members = _members(name.filename, archive.infolist())
    own = find_dist_info(name, members)
    _check_record(name.filename, archive, members, own)
    if (metadata_name := f"{own}/METADATA") not in members:
        raise InvalidWheel(f"{name.filename} has no {metadata_name}")
    data = archive.read(members[metadata_name])
    return Wheel(
        filename=name.filename,
        project=name.project,
        version=name.version,
        build=name.build,
        tags=name.tags,
        metadata=_metadata(name, data),
        metadata_bytes=data,
        sha256=files.digest(path),
        size=path.stat().st_size,
        top_level=top_level(members),
    )


def _members(filename: str, infos: Iterable[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Members by name, without directories: RECORD lists files only."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # zipfile turns the host's separator into a slash; the name as written is in orig_filename.
        name = info.orig_filename
        if _leads_out(name):
            raise InvalidWheel(f"{filename} has a member that leads out of it: {name!r}")
        if info.is_dir():
            continue
        if name in members:
            raise InvalidWheel(f"{filename} has two members named {name!r}")
        members[name] = info
    return members


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in name


def find_dist_info(name: WheelName, members: Iterable[str]) -> str:
    """The wheel's own ``.dist-info`` directory, not that of what it vendors."""
    tops = {PurePosixPath(member).parts[0] for member in members}
    directories = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(directories) != 1:
        got = ", ".join(directories) or "none"
        raise InvalidWheel(f"expected one .dist-info directory in {name.filename}, got {got}")
    project, _, version = directories[0].removesuffix(".dist-info").rpartition("-")
    if not _same(name, project, version):
        expected = f"the .dist-info of {name.project} {name.version}"
        raise InvalidWheel(f"expected {expected} in {name.filename}, got {directories[0]}")
    return directories[0]


def _same(name: WheelName, project: str, version: str) -> bool:
    try:
        return canonicalize_name(project) == name.project and Version(version) == name.version
    except InvalidVersion:
        return False


def _metadata(name: WheelName, data: bytes) -> CoreMetadata:
    try:
        metadata = core_metadata.parse(data)
    except InvalidMetadata as error:
        raise InvalidWheel(f"{name.filename} has unusable METADATA: {error}") from error
    if (metadata.project, metadata.version) != (name.project, name.version):
        expected = f"{name.project} {name.version}"
        got = f"{metadata.project} {metadata.version}"
        raise InvalidWheel(f"expected METADATA of {expected} in {name.filename}, got {got}")
    return metadata


def _check_record(
    filename: str,
    archive: zipfile.ZipFile,
    members: Mapping[str, zipfile.ZipInfo],
    dist_info: str,
) -> None:
    unrecorded = {f"{dist_info}/{name}" for name in _UNRECORDED}
    if (record_name := f"{dist_info}/RECORD") not in members:
        raise InvalidWheel(f"{filename} has no {record_name}")
    recorded = dict(_rows(filename, archive.read(members[record_name])))
    if unlisted := sorted(members.keys() - recorded.keys() - unrecorded):
        raise InvalidWheel(f"{filename} holds {unlisted[0]!r}, which its RECORD does not list")
    if absent := sorted(recorded.keys() - members.keys() - unrecorded):
        raise InvalidWheel(f"{filename} lacks {absent[0]!r}, which its RECORD lists")
    for member in sorted(members.keys() - unrecorded):
        digest, size = recorded[member]
        if size and size != str(members[member].file_size):
            got = members[member].file_size
            raise InvalidWheel(f"expected {size} bytes of {member!r} in {filename}, got {got}")
        _check_digest(filename, archive, members[member], digest)


def _rows(filename: str, record: bytes) -> Iterator[tuple[str, tuple[str, str]]]:
    try:
        rows = list(csv.reader(io.StringIO(record.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidWheel(f"{filename} has an unreadable RECORD: {error}") from error
    seen = set()
    for row in filter(None, rows):
        if len(row) != 3:  # noqa: PLR2004 - path, digest, size
            raise InvalidWheel(f"{filename} has a RECORD line that is not path,digest,size: {row}")
        path, digest, size = row
        if path in seen:
            raise InvalidWheel(f"{filename} lists {path!r} twice in its RECORD")
        seen.add(path)
        yield path, (digest, size)


def _check_digest(
    filename: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, recorded: str
) -> None:
    # hashlib takes its names in any case, so the tools of Python 2 wrote "SHA256=" too.
    algorithm, _, expected = recorded.partition("=")
    algorithm = algorithm.lower()
    if algorithm not in _ALGORITHMS:
        got = recorded or "no digest"
        raise InvalidWheel(f"expected a sha256 for {info.filename!r} in {filename}, got {got}")
    with archive.open(info) as stream:
        digest = hashlib.new(algorithm)
        while chunk := stream.read(files.CHUNK):
            digest.update(chunk)
    actual = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode("ascii")
    if actual != expected.rstrip("="):
        raise InvalidWheel(f"{info.filename!r} in {filename} is not what its RECORD says")


def top_level(members: Iterable[str]) -> tuple[str, ...]:
    """
    Modules that importing can start from, by the files that make them.

    >>> top_level(["six.py", "yaml/__init__.py", "_yaml.cpython-312-x86_64-linux-gnu.so"])
    ('_yaml', 'six', 'yaml')
    """
    # Not top_level.txt: only setuptools writes it, and from setup.py rather than from the files.
    modules = {module for member in members if (module := _top_module(member))}
    return tuple(sorted(modules))


def _top_module(member: str) -> str:
    parts = PurePosixPath(member).parts
    if parts[0].endswith(".data"):
        # PEP 427: these two schemes are spread into site-packages when the wheel is installed.
        if len(parts) < 3 or parts[1] not in _LIBRARY_SCHEMES:  # noqa: PLR2004
            return ""
        parts = parts[2:]
    module = _MODULE.fullmatch(parts[-1])
    if module is None:
        return ""
    # A directory counts with or without __init__.py: without, it is a namespace package.
    first = module[1] if len(parts) == 1 else parts[0]
    return first if first.isidentifier() else ""
