"""
An sdist, read without running any of it, and unpacked without letting it write outside its
directory.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import tarfile
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from matrix.distributions import core_metadata, requirement
from matrix.distributions.core_metadata import CoreMetadata, InvalidMetadata
from matrix.edge import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class InvalidSdist(ValueError):
    """Not an sdist that a build could use."""


@dataclasses.dataclass(frozen=True)
class SdistMetadata:
    """
    The core metadata of an sdist that has not been built.

    ``is_certain`` is false when no file of the sdist states the requirements: those of the wheel
    may differ.
    """

    metadata: CoreMetadata
    declared_requirements: tuple[Requirement, ...]
    is_certain: bool


_SUFFIXES: Final = (".tar.gz", ".tgz", ".tar.bz2", ".zip")
_COMPILED: Final = re.compile(
    r"\.(asm|cc?|c\+\+|cpp|cu|cxx|f|f[079][01357-9]|for|go|hh?|hpp|i|mm?|pxd|pyx|rs|s|swg|zig)",
    re.IGNORECASE,
)
_BUILD_FILES: Final = frozenset({"CMakeLists.txt", "Cargo.toml", "meson.build", "build.zig"})
_DAMAGE: Final = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


@dataclasses.dataclass(frozen=True)
class Excerpt:
    """
    The members of an sdist that planning reads; None for those that are missing. A cached excerpt
    saves downloading the sdist again.
    """

    filename: str
    pkg_info: str | None
    """Bytes that are not UTF-8 are kept as surrogates."""
    requires_txt: str | None
    """From the project's own egg-info; empty when the egg-info has none."""
    setup_py: str | None
    setup_cfg: str | None
    pyproject: str | None
    compiles: bool
    """Whether the sdist has source files for a compiler."""

    def dump(self) -> bytes:
        return json.dumps(dataclasses.asdict(self)).encode("ascii")

    @classmethod
    def parse(cls, content: bytes) -> Excerpt:
        return cls(**json.loads(content))


def read_excerpt(path: Path) -> Excerpt:
    """Read the sdist at ``path``, without unpacking it."""
    with open_sdist(path) as archive:
        return Excerpt(
            filename=path.name,
            pkg_info=archive.text("PKG-INFO"),
            requires_txt=_requires_txt(archive),
            setup_py=archive.text("setup.py"),
            setup_cfg=archive.text("setup.cfg"),
            pyproject=archive.text("pyproject.toml"),
            compiles=any(map(_is_compiled, archive.names)),
        )


def read_metadata(path: Path) -> SdistMetadata:
    """The metadata of the sdist at ``path``."""
    return parse_metadata(read_excerpt(path))


def parse_metadata(excerpt: Excerpt) -> SdistMetadata:
    """The top directory's PKG-INFO, and the requirements as far as the sdist's files state them."""
    if excerpt.pkg_info is None:
        raise InvalidSdist(f"{excerpt.filename} has no PKG-INFO")
    try:
        stated = core_metadata.parse(excerpt.pkg_info.encode("utf-8", "surrogateescape"))
    except InvalidMetadata as error:
        raise InvalidSdist(f"{excerpt.filename} has unusable PKG-INFO: {error}") from error
    if stated.requirements_are_static:
        return _certain(stated, stated.requires_dist)
    if excerpt.requires_txt is None:
        # Before 2.2 these may differ from the wheel's (PEP 643), but they are the best guess there
        # is.
        return SdistMetadata(
            metadata=stated, declared_requirements=stated.requires_dist, is_certain=False
        )
    try:
        return _certain(stated, parse_requires_txt(excerpt.requires_txt))
    except (InvalidRequirement, InvalidMarker) as error:
        reason = str(error).splitlines()[0]
        raise InvalidSdist(f"{excerpt.filename} has an unusable requires.txt: {reason}") from error


def is_static(excerpt: Excerpt) -> bool:
    """Whether PKG-INFO states the requirements of every wheel of the release (PEP 643)."""
    try:
        stated = core_metadata.parse((excerpt.pkg_info or "").encode("utf-8", "surrogateescape"))
    except InvalidMetadata:
        return False
    return stated.requirements_are_static


def _requires_txt(archive: Archive) -> str | None:
    directory = _find_egg_info(archive)
    # setuptools writes requires.txt exactly when there are requirements.
    return None if directory is None else archive.text(f"{directory}/requires.txt") or ""


def _is_compiled(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(_COMPILED.fullmatch(path.suffix)) or path.name in _BUILD_FILES


def _certain(metadata: CoreMetadata, requirements: tuple[Requirement, ...]) -> SdistMetadata:
    return SdistMetadata(metadata=metadata, declared_requirements=requirements, is_certain=True)


def unpack(path: Path, into: Path) -> Path:
    """Unpack the sdist at ``path`` and return its top directory inside ``into``."""
    with open_sdist(path) as archive:
        top = archive.top
        try:
            into.mkdir(parents=True, exist_ok=True)
            archive.extract(into)
        except OSError as error:
            raise files.write_error(into, error) from error
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
            requirements.append(_conditional(requirement.parse(line)[0], conditions))
    return tuple(requirements)


def _conditional(stated: Requirement, conditions: list[str]) -> Requirement:
    own = [str(stated.marker)] if stated.marker else []
    if parts := own + conditions:
        joined = [f"({part})" if " or " in part else part for part in parts]
        stated.marker = Marker(" and ".join(joined))
    return stated


def _find_egg_info(archive: Archive) -> str | None:
    """
    The project's own .egg-info nearest to the top: vendored ones and test data have other names.
    """
    own, _, _ = archive.filename.rpartition("-")
    candidates = set()
    for name in archive.names:
        directory = PurePosixPath(name).parent
        stem = directory.name.removesuffix(".egg-info")
        if stem != directory.name and canonicalize_name(stem) == canonicalize_name(own):
            candidates.add((len(directory.parts), str(directory.relative_to(archive.top))))
    return min(candidates)[1] if candidates else None


def _top_of(filename: str, names: frozenset[str]) -> str:
    # GNU tar and git write "pax_global_header" as metadata, which tarfile does not show as a
    # member.
    tops = sorted({PurePosixPath(name).parts[0] for name in names if PurePosixPath(name).parts})
    if len(tops) != 1 or tops[0] in {"/", ".."}:
        names_of_tops = ", ".join(tops[:5]) or "none"
        raise InvalidSdist(f"expected one top directory in {filename}, got {names_of_tops}")
    return tops[0]


@dataclasses.dataclass(frozen=True)
class Archive:
    """An open sdist: the names of its members, and the two things to do with them."""

    filename: str
    names: frozenset[str]
    read: Callable[[str], bytes]
    extract: Callable[[Path], None]

    @property
    def top(self) -> str:
        """The one directory that holds everything else."""
        return _top_of(self.filename, self.names)

    def text(self, name: str) -> str | None:
        """The file of that name below the top directory; bytes that are not UTF-8 as surrogates."""
        member = f"{self.top}/{name}"
        if member not in self.names:
            return None
        return self.read(member).decode("utf-8", "surrogateescape")


@contextlib.contextmanager
def open_sdist(path: Path) -> Iterator[Archive]:
    """The sdist at ``path``; damage that shows while it is open becomes ``InvalidSdist``."""
    if not path.name.lower().endswith(_SUFFIXES):
        raise InvalidSdist(f"expected one of {', '.join(_SUFFIXES)}, got {path.name!r}")
    try:
        with files.reading(path) as stream:
            if path.name.lower().endswith(".zip"):
                with zipfile.ZipFile(stream) as archive:
                    yield _of_zip(path.name, archive)
            else:
                with tarfile.open(fileobj=stream, mode="r:*") as tar:
                    yield _of_tar(path.name, tar)
    except _DAMAGE as error:
        raise InvalidSdist(f"{path.name} cannot be unpacked: {error}") from error


def _of_tar(filename: str, tar: tarfile.TarFile) -> Archive:
    members = {str(PurePosixPath(member.name)): member for member in tar.getmembers()}

    def read(name: str) -> bytes:
        # None for what is neither a file nor a link to one: a directory named PKG-INFO.
        stream = tar.extractfile(members[name])
        return stream.read() if stream else b""

    def extract(into: Path) -> None:
        # PEP 706: "data" refuses absolute names, "..", links that lead out, devices.
        tar.extractall(into, filter="data")

    return Archive(filename=filename, names=frozenset(members), read=read, extract=extract)


def _of_zip(filename: str, archive: zipfile.ZipFile) -> Archive:
    names = frozenset(info.orig_filename.rstrip("/") for info in archive.infolist())
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]:
            raise InvalidSdist(f"{filename} has a member that leads out of it: {name!r}")
    return Archive(filename=filename, names=names, read=archive.read, extract=archive.extractall)
