"""
What a cibuildwheel release says about its own downloads, read from inside its wheel.

Nothing of it is installed or run: the toolchain of a Windows runner is made on any machine.
"""

import dataclasses
import re
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement

from matrix.errors import MatrixError, Problem
from matrix.targets.target import Target

_RESOURCES: Final = "cibuildwheel/resources/"
_SYSTEMS: Final = ("windows", "macos")
# Where the sources name it, the feed is NuGet's own; releases without it take the machine's
# configuration, which on most machines is the same feed.
_FEED: Final = re.compile(rb"https?://[^\"\s]+/v3/index\.json")
_NUGET: Final = re.compile(rb"https?://[^\"\s]+/nuget\.exe")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """Where a lane has an interpreter from; ``address`` is empty for NuGet packages."""

    identifier: str
    version: str
    address: str
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VirtualenvPin:
    """The virtualenv that makes a lane's environments, as the zip application it downloads."""

    version: str
    address: str
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """One lane's facts."""

    lane: str
    interpreters: Mapping[str, Interpreter]
    """By build identifier; those of Linux come with the images."""
    virtualenvs: Mapping[str, VirtualenvPin]
    """By ``py36`` or ``default``; empty for 1.12.0, which installs from the index."""
    constraints: Mapping[str, tuple[Requirement, ...]]
    """By ``python312``, and by the empty string for every other interpreter."""
    feed: str
    nuget: str

    def virtualenv(self, target: Target) -> VirtualenvPin | None:
        """What makes the build environments of ``target``."""
        key = f"py{target.python.nodot}"
        return self.virtualenvs.get(key) or self.virtualenvs.get("default")

    def pins(self, target: Target) -> tuple[Requirement, ...]:
        """The lane's own versions of its tools for ``target``."""
        found = self.constraints.get(f"python{target.python.nodot}")
        environment = target.marker_environment()
        return tuple(
            pin
            for pin in (self.constraints.get("", ()) if found is None else found)
            if pin.marker is None or pin.marker.evaluate({**environment, "extra": ""})
        )


def read(wheel: Path, *, lane: str) -> Resources:
    """The facts of the cibuildwheel in ``wheel``."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return _read(archive, lane)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        what = f"expected the wheel of cibuildwheel {lane}, got what cannot be read: {error}"
        raise MatrixError(Problem(place=wheel.name, what=what)) from error


def _read(archive: zipfile.ZipFile, lane: str) -> Resources:
    names = archive.namelist()
    platforms = _toml(archive, "build-platforms.toml")
    sources = b"\n".join(archive.read(n) for n in names if n.endswith("/windows.py"))
    pins = _toml(archive, "virtualenv.toml") if f"{_RESOURCES}virtualenv.toml" in names else {}
    return Resources(
        lane=lane,
        interpreters={each.identifier: each for each in _interpreters(platforms)},
        virtualenvs={key: _virtualenv(row) for key, row in sorted(pins.items())},
        constraints=dict(_constraints(archive, names)),
        feed=_address(_FEED, sources),
        nuget=_address(_NUGET, sources),
    )


def _toml(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    return tomllib.loads(archive.read(_RESOURCES + name).decode("utf-8"))


def _address(pattern: re.Pattern[bytes], sources: bytes) -> str:
    found = pattern.search(sources)
    return found[0].decode("ascii") if found else ""


def _interpreters(platforms: Mapping[str, Any]) -> Iterator[Interpreter]:
    for system in _SYSTEMS:
        for row in platforms[system]["python_configurations"]:
            yield Interpreter(
                identifier=row["identifier"],
                version=row["version"],
                address=row.get("url", ""),
                sha256=row.get("sha256", ""),
            )


def _virtualenv(row: Mapping[str, str]) -> VirtualenvPin:
    return VirtualenvPin(version=row["version"], address=row["url"], sha256=row.get("sha256", ""))


def _constraints(
    archive: zipfile.ZipFile, names: list[str]
) -> Iterator[tuple[str, tuple[Requirement, ...]]]:
    for name in sorted(names):
        found = re.fullmatch(rf"{_RESOURCES}constraints(?:-(python\d+))?\.txt", name)
        if found:
            lines = archive.read(name).decode("utf-8").splitlines()
            yield found[1] or "", tuple(_pins(lines))


def _pins(lines: list[str]) -> Iterator[Requirement]:
    for line in lines:
        text = line.partition(" #")[0].strip()
        if text and not text.startswith("#"):
            try:
                yield Requirement(text)
            except InvalidRequirement:
                continue  # an option of pip's
