"""
An sdist, read without running any of it, and unpacked without letting it write outside its
directory.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from matrix.distributions import core_metadata, requirement
from matrix.distributions.core_metadata import CoreMetadata, InvalidMetadata
from matrix.edge import archives, limits
from matrix.edge.archives import Contents, InvalidArchive
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


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
_TOP_FILES: Final = frozenset({"PKG-INFO", "setup.py", "setup.cfg", "pyproject.toml"})


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
    _check_suffix(path.name)
    try:
        contents = archives.read_contents(path, select=_is_text, limit="METADATA bytes")
    except InvalidArchive as error:
        raise InvalidSdist(str(error)) from error
    top = _find_top(path.name, contents.names)
    for name, content in contents.bytes_by_name.items():
        if not name.endswith("/PKG-INFO"):
            _check_text(f"{path.name}: {name}", len(content))
    return Excerpt(
        filename=path.name,
        pkg_info=_decode(contents, f"{top}/PKG-INFO"),
        requires_txt=_read_requires_txt(path.name, contents),
        setup_py=_decode(contents, f"{top}/setup.py"),
        setup_cfg=_decode(contents, f"{top}/setup.cfg"),
        pyproject=_decode(contents, f"{top}/pyproject.toml"),
        compiles=any(map(_is_compiled, contents.names)),
    )


def read_pkg_info(path: Path) -> bytes | None:
    """The bytes of the sdist's PKG-INFO, without unpacking it."""
    excerpt = read_excerpt(path)
    return None if excerpt.pkg_info is None else excerpt.pkg_info.encode("utf-8", "surrogateescape")


def _check_text(place: str, size: int) -> None:
    limits.check("sdist text bytes", size, lambda text: InvalidSdist(f"{place}: {text}"))


def _check_suffix(filename: str) -> None:
    if not filename.lower().endswith(_SUFFIXES):
        raise InvalidSdist(f"expected one of {', '.join(_SUFFIXES)}, got {filename!r}")


def _is_text(name: str) -> bool:
    """Whether planning may need the member: a file of the top, or any ``requires.txt``."""
    directory, _, filename = name.rpartition("/")
    if directory.endswith(".egg-info"):
        return filename == "requires.txt"
    return filename in _TOP_FILES and "/" not in directory


def _decode(contents: Contents, name: str) -> str | None:
    """The file of that name; bytes that are not UTF-8 as surrogates."""
    content = contents.bytes_by_name.get(name)
    return None if content is None else content.decode("utf-8", "surrogateescape")


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
    with translate_errors(InvalidSdist, f"{excerpt.filename} has an unusable requires.txt"):
        return _certain(stated, parse_requires_txt(excerpt.requires_txt))


def is_static(excerpt: Excerpt) -> bool:
    """Whether PKG-INFO states the requirements of every wheel of the release (PEP 643)."""
    try:
        stated = core_metadata.parse((excerpt.pkg_info or "").encode("utf-8", "surrogateescape"))
    except InvalidMetadata:
        return False
    return stated.requirements_are_static


def _read_requires_txt(filename: str, contents: Contents) -> str | None:
    directory = _find_egg_info(filename, contents.names)
    # setuptools writes requires.txt exactly when there are requirements.
    return None if directory is None else _decode(contents, f"{directory}/requires.txt") or ""


def _is_compiled(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(_COMPILED.fullmatch(path.suffix)) or path.name in _BUILD_FILES


def _certain(metadata: CoreMetadata, requirements: tuple[Requirement, ...]) -> SdistMetadata:
    return SdistMetadata(metadata=metadata, declared_requirements=requirements, is_certain=True)


def unpack(path: Path, into: Path) -> Path:
    """Unpack the sdist at ``path`` and return its top directory inside ``into``."""
    _check_suffix(path.name)
    try:
        top = _find_top(path.name, archives.read_names(path))
        # Only the top directory goes into a container, so links must not lead out of it.
        archives.unpack(path, into / top, rename=lambda name: name[len(top) + 1 :])
    except InvalidArchive as error:
        raise InvalidSdist(str(error)) from error
    return into / top


def parse_requires_txt(text: str) -> tuple[Requirement, ...]:
    r"""
    The requirements of an egg-info's ``requires.txt``, its sections turned into markers.

    >>> [str(r) for r in parse_requires_txt('six\n[tls:python_version < "3"]\npyopenssl')]
    ['six', 'pyopenssl; python_version < "3" and extra == "tls"']
    """
    requirements: list[Requirement] = []
    conditions: list[str] = []
    size = 0
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            requirement.check_size(line, InvalidMarker)
            extra, _, marker = line[1:-1].partition(":")
            conditions = [str(Marker(marker))] if marker.strip() else []
            if extra.strip():
                conditions.append(f'extra == "{canonicalize_name(extra.strip())}"')
        elif line and not line.startswith("#"):
            # A section's marker is repeated in each of its requirements.
            size += len(line) + sum(map(len, conditions))
            limits.check("sdist text bytes", size, InvalidRequirement)
            limits.check("requirements", len(requirements), InvalidRequirement)
            requirements.append(_add_conditions(requirement.parse(line)[0], conditions))
    return tuple(requirements)


def _add_conditions(stated: Requirement, conditions: list[str]) -> Requirement:
    own = [str(stated.marker)] if stated.marker else []
    if parts := own + conditions:
        joined = [f"({part})" if " or " in part else part for part in parts]
        stated.marker = Marker(" and ".join(joined))
    return stated


def _find_egg_info(filename: str, names: Iterable[str]) -> str | None:
    """
    The project's own .egg-info nearest to the top: vendored ones and test data have other names.
    """
    own, _, _ = filename.rpartition("-")
    candidates = set()
    for name in names:
        directory = PurePosixPath(name).parent
        stem = directory.name.removesuffix(".egg-info")
        if stem != directory.name and canonicalize_name(stem) == canonicalize_name(own):
            candidates.add((len(directory.parts), str(directory)))
    return min(candidates)[1] if candidates else None


def _find_top(filename: str, names: Iterable[str]) -> str:
    """The one directory that holds everything else."""
    # GNU tar and git write "pax_global_header" as metadata, which tarfile does not show as a
    # member.
    tops = sorted({name.partition("/")[0] for name in names if name})
    if len(tops) != 1:
        got = ", ".join(tops[:5]) or "none"
        raise InvalidSdist(f"expected one top directory in {filename}, got {got}")
    return tops[0]
