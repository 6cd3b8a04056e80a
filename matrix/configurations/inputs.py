"""The inputs of a build: everything that decides the bytes of its wheels, and their test."""

import dataclasses
from collections.abc import Iterable
from typing import Literal

from matrix.manifest.recipe import Recipe
from matrix.targets.lanes import Lane
from matrix.targets.platform_tag import Family, PlatformTag
from matrix.targets.target import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LockedWheel:
    """A wheel that a build may install; its digest is empty until it is built."""

    project: str
    version: str
    filename: str
    sha256: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The digests that decide whether a wheel of an earlier run is reused."""

    content: str
    test: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BuildInputs:
    """
    One sdist, built for ``targets`` by one job class.

    ``requirements`` are the build requirements and ``test_requirements`` the wheels that only the
    smoke test installs; a build ``is_locked`` when these are all that it installs.
    """

    project: str
    is_pure: bool
    epoch: int
    """When the sdist was uploaded, in seconds since 1970; 0 when unknown."""
    system: Literal["linux", "windows", "macos"]
    platform: str
    """cibuildwheel's platform half of an identifier, such as ``manylinux_x86_64``."""
    lane: Lane
    image: str
    """The container image of a Linux build; empty elsewhere."""
    deployment_target: str
    """The oldest macOS that the wheels run on; empty elsewhere."""
    recipe: Recipe
    targets: tuple[Target, ...]
    requirements: tuple[LockedWheel, ...] = ()
    test_requirements: tuple[LockedWheel, ...] = ()
    is_locked: bool = False

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The build identifiers of the targets, each once."""
        return tuple(dict.fromkeys(target.identifier for target in self.targets))

    @property
    def tag(self) -> PlatformTag:
        """The family and architecture of the job class, without a floor."""
        return parse_platform(self.system, self.platform)


def find_deployment_target(targets: Iterable[Target]) -> str:
    """The oldest macOS among the platforms of ``targets``; empty for other systems."""
    floors = [t.platform.floor for t in targets if t.platform.family is Family.MACOS]
    return ".".join(map(str, min(floors))) if floors else ""


def parse_platform(system: str, platform: str) -> PlatformTag:
    """The platform half of an identifier as a tag without a floor."""
    if system == "windows":
        return PlatformTag.parse(platform)
    family, _, arch = platform.partition("_")
    return PlatformTag(family=Family(family), floor=(0, 0), arch=arch)
