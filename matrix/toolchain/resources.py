"""
The downloads of a cibuildwheel release, read from its wheel.

The wheel is not installed or run, so the toolchain of a Windows runner can be made on any machine.
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
# Sources that name a feed name NuGet's own; the other releases use the configuration of the
# machine, which is usually the same feed.
_FEED: Final = re.compile(rb"https?://[^\"\s]+/v3/index\.json")
_NUGET: Final = re.compile(rb"https?://[^\"\s]+/nuget\.exe")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The download of an interpreter; ``address`` is empty for NuGet packages."""

    identifier: str
    version: str
    address: str
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VirtualenvPin:
    """The zip application of virtualenv that a lane downloads to make environments."""

    version: str
    address: str
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The downloads of one lane."""

    lane: str
    interpreter_by_identifier: Mapping[str, Interpreter]
    """Those of Linux come with the images."""
    virtualenv_by_python: Mapping[str, VirtualenvPin]
    """By ``py36`` or ``default``; empty for 1.12.0, which installs from the index."""
    constraints_by_python: Mapping[str, tuple[Requirement, ...]]
    """By ``python312``, and by the empty string for every other interpreter."""
    feed: str
    nuget: str

    def find_virtualenv(self, target: Target) -> VirtualenvPin | None:
        """Return the virtualenv that makes the build environments of ``target``."""
        key = f"py{target.python.nodot}"
        return self.virtualenv_by_python.get(key) or self.virtualenv_by_python.get("default")

    def list_pins(self, target: Target) -> tuple[Requirement, ...]:
        """Return the lane's own versions of its tools for ``target``."""
        specific = self.constraints_by_python.get(f"python{target.python.nodot}")
        environment = target.marker_environment()
        return tuple(
            pin
            for pin in (self.constraints_by_python.get("", ()) if specific is None else specific)
            if pin.marker is None or pin.marker.evaluate({**environment, "extra": ""})
        )


def read_resources(wheel: Path, *, lane: str) -> Resources:
    """Read the downloads of the cibuildwheel in ``wheel``."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return _read(archive, lane)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        what = f"expected the wheel of cibuildwheel {lane}, got an unreadable file: {error}"
        raise MatrixError(Problem(place=wheel.name, what=what)) from error


def _read(archive: zipfile.ZipFile, lane: str) -> Resources:
    names = archive.namelist()
    platforms = _read_toml(archive, "build-platforms.toml")
    sources = b"\n".join(archive.read(n) for n in names if n.endswith("/windows.py"))
    pins = _read_toml(archive, "virtualenv.toml") if f"{_RESOURCES}virtualenv.toml" in names else {}
    return Resources(
        lane=lane,
        interpreter_by_identifier={
            each.identifier: each for each in _parse_interpreters(platforms)
        },
        virtualenv_by_python={key: _parse_virtualenv(row) for key, row in sorted(pins.items())},
        constraints_by_python=dict(_read_constraints(archive, names)),
        feed=_find_address(_FEED, sources),
        nuget=_find_address(_NUGET, sources),
    )


def _read_toml(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    return tomllib.loads(archive.read(_RESOURCES + name).decode("utf-8"))


def _find_address(pattern: re.Pattern[bytes], sources: bytes) -> str:
    match = pattern.search(sources)
    return match[0].decode("ascii") if match else ""


def _parse_interpreters(platforms: Mapping[str, Any]) -> Iterator[Interpreter]:
    for system in _SYSTEMS:
        for row in platforms[system]["python_configurations"]:
            yield Interpreter(
                identifier=row["identifier"],
                version=row["version"],
                address=row.get("url", ""),
                sha256=row.get("sha256", ""),
            )


def _parse_virtualenv(row: Mapping[str, str]) -> VirtualenvPin:
    return VirtualenvPin(version=row["version"], address=row["url"], sha256=row.get("sha256", ""))


def _read_constraints(
    archive: zipfile.ZipFile, names: list[str]
) -> Iterator[tuple[str, tuple[Requirement, ...]]]:
    for name in sorted(names):
        match = re.fullmatch(rf"{_RESOURCES}constraints(?:-(python\d+))?\.txt", name)
        if match:
            lines = archive.read(name).decode("utf-8").splitlines()
            yield match[1] or "", tuple(_parse_pins(lines))


def _parse_pins(lines: list[str]) -> Iterator[Requirement]:
    for line in lines:
        text = line.partition(" #")[0].strip()
        if text and not text.startswith("#"):
            try:
                yield Requirement(text)
            except InvalidRequirement:
                continue  # an option of pip's
