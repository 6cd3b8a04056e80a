"""
An sdist, read without running any of it, and unpacked without letting it write outside its
directory.
"""

import contextlib
import dataclasses
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from matrix.distributions import core_metadata
from matrix.distributions.core_metadata import CoreMetadata, InvalidMetadata
from matrix.edge import files


class InvalidSdist(ValueError):
    """Not an sdist that anybody should build from."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SdistMetadata:
    """
    What an sdist says about its release without being built.

    ``is_certain`` is false when nothing in the sdist states the requirements: the wheel may have
    others, or some.
    """

    metadata: CoreMetadata
    declared_requirements: tuple[Requirement, ...]
    is_certain: bool


_SUFFIXES: Final = (".tar.gz", ".tgz", ".tar.bz2", ".zip")
_DAMAGE: Final = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def read_metadata(path: Path) -> SdistMetadata:
    """
    The PKG-INFO of the top directory, and the requirements as far as files in the sdist state them.
    """
    with _archive(path) as archive:
        top = _top(path.name, archive.names)
        if (pkg_info := f"{top}/PKG-INFO") not in archive.names:
            raise InvalidSdist(f"{path.name} has no {pkg_info}")
        try:
            metadata = core_metadata.parse(archive.read(pkg_info))
        except InvalidMetadata as error:
            raise InvalidSdist(f"{path.name} has unusable PKG-INFO: {error}") from error
        if metadata.requirements_are_static:
            return _stated(metadata, metadata.requires_dist)
        egg_info = _egg_info(archive.names, metadata)
        if not egg_info:
            # Before 2.2 these may differ from the wheel's (PEP 643), but they are the best guess
            # there is.
            return SdistMetadata(
                metadata=metadata,
                declared_requirements=metadata.requires_dist,
                is_certain=False,
            )
        # setuptools writes requires.txt exactly when there are requirements.
        if (requires := f"{egg_info}/requires.txt") not in archive.names:
            return _stated(metadata, ())
        text = archive.read(requires).decode("utf-8", errors="replace")
    try:
        return _stated(metadata, parse_requires_txt(text))
    except (InvalidRequirement, InvalidMarker) as error:
        reason = str(error).splitlines()[0]
        raise InvalidSdist(f"{path.name} has an unusable requires.txt: {reason}") from error


def _stated(metadata: CoreMetadata, requirements: tuple[Requirement, ...]) -> SdistMetadata:
    return SdistMetadata(metadata=metadata, declared_requirements=requirements, is_certain=True)


def unpack(path: Path, into: Path) -> Path:
    """Unpack the sdist at ``path`` and return its top directory inside ``into``."""
    with _archive(path) as archive:
        top = _top(path.name, archive.names)
        try:
            into.mkdir(parents=True, exist_ok=True)
            archive.extract(into)
        except OSError as error:
            raise files.refused(into, error) from error
    return into / top


def parse_requires_txt(text: str) -> tuple[Requirement, ...]:
    r"""
    The requirements of an egg-info's ``requires.txt``, its sections turned into markers.

    >>> [str(r) for r in parse_requires_txt('six\n[tls:python_version < "3"]\npyopenssl')]
    ['six', 'pyopenssl; python_version < "3" and extra == "tls"']
    """
    requirements = []
    conditions: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
            conditions = [str(Marker(marker))] if marker.strip() else []
            if extra.strip():
                conditions.append(f'extra == "{canonicalize_name(extra.strip())}"')
        elif line and not line.startswith("#"):
            requirements.append(_conditional(Requirement(line), conditions))
    return tuple(requirements)


def _conditional(requirement: Requirement, conditions: list[str]) -> Requirement:
    own = [str(requirement.marker)] if requirement.marker else []
    if parts := own + conditions:
        joined = [f"({part})" if " or " in part else part for part in parts]
        requirement.marker = Marker(" and ".join(joined))
    return requirement


def _egg_info(names: frozenset[str], metadata: CoreMetadata) -> str:
    """
    The project's own .egg-info nearest to the top: vendored ones and test data have other names.
    """
    found = set()
    for name in names:
        directory = PurePosixPath(name).parent
        stem = directory.name.removesuffix(".egg-info")
        if stem != directory.name and canonicalize_name(stem) == metadata.project:
            found.add((len(directory.parts), str(directory)))
    return min(found)[1] if found else ""


def _top(filename: str, names: frozenset[str]) -> str:
    # GNU tar and git write "pax_global_header" as metadata, which tarfile does not show as a
    # member.
    tops = sorted({PurePosixPath(name).parts[0] for name in names if PurePosixPath(name).parts})
    if len(tops) != 1 or tops[0] in {"/", ".."}:
        said = ", ".join(tops[:5]) or "none"
        raise InvalidSdist(f"expected one top directory in {filename}, got {said}")
    return tops[0]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Archive:
    """A tar or zip file, open: the names of its members, and the two things to do with them."""

    names: frozenset[str]
    read: Callable[[str], bytes]
    extract: Callable[[Path], None]


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[_Archive]:
    if not path.name.lower().endswith(_SUFFIXES):
        raise InvalidSdist(f"expected one of {', '.join(_SUFFIXES)}, got {path.name!r}")
    try:
        with files.reading(path) as stream:
            if path.name.lower().endswith(".zip"):
                with zipfile.ZipFile(stream) as archive:
                    yield _of_zip(path.name, archive)
            else:
                with tarfile.open(fileobj=stream, mode="r:*") as tar:
                    yield _of_tar(tar)
    except _DAMAGE as error:
        raise InvalidSdist(f"{path.name} cannot be unpacked: {error}") from error


def _of_tar(tar: tarfile.TarFile) -> _Archive:
    members = {str(PurePosixPath(member.name)): member for member in tar.getmembers()}

    def read(name: str) -> bytes:
        # None for what is neither a file nor a link to one: a directory named PKG-INFO.
        stream = tar.extractfile(members[name])
        return stream.read() if stream else b""

    def extract(into: Path) -> None:
        # PEP 706: "data" refuses absolute names, "..", links that lead out, devices.
        tar.extractall(into, filter="data")

    return _Archive(names=frozenset(members), read=read, extract=extract)


def _of_zip(filename: str, archive: zipfile.ZipFile) -> _Archive:
    names = frozenset(info.orig_filename.rstrip("/") for info in archive.infolist())
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]:
            raise InvalidSdist(f"{filename} has a member that leads out of it: {name!r}")
    return _Archive(names=names, read=archive.read, extract=archive.extractall)
