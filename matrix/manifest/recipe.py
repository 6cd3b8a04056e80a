"""How to build what needs more than its sdist, as ``packages.yaml`` describes it."""

import dataclasses
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final, Literal

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from matrix.manifest.describing import SENTENCE, Bounds, key, mapping
from matrix.manifest.describing import line as _line
from matrix.manifest.describing import written as _written
from matrix.targets.target import Target

HIGHEST_BUILD_TAG: Final = 9999
LONGEST_BUILD: Final = 10_000
"""Minutes; about a week, beyond the limits of both providers."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """The test of a built wheel."""

    modules: tuple[str, ...] = key(
        "Modules to import; by default those that the wheel declares, and with [] none.",
        name="import",
        default=(),
    )
    requires: tuple[str, ...] = key("Requirements of the command.", default=())
    command: str = key("A command that must succeed.", default="")
    written: frozenset[str] = _written()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """How the system's libraries are grafted into a wheel."""

    exclude: tuple[str, ...] = key(
        "Libraries that stay outside, as file names or patterns of them.", default=()
    )
    plat: str = key("Platform tag to give a Linux wheel, instead of the oldest it can.", default="")
    written: frozenset[str] = _written()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KnownBad:
    """Releases whose sdist cannot be built on some targets; the resolver skips them."""

    reason: str = key("Why, and which release to use instead.", bounds=SENTENCE)
    versions: SpecifierSet = key("The releases; all when left out.", default=SpecifierSet())
    python: SpecifierSet = key("The interpreters; all when left out.", default=SpecifierSet())
    platforms: tuple[str, ...] = key(
        "Patterns (*, ?) over platform tags; all when left out.", default=()
    )
    line: int = _line()

    def fits(self, version: Version, target: Target) -> bool:
        """Whether ``version`` cannot be built for ``target``."""
        platform = str(target.platform)
        return (
            self.versions.contains(version, prereleases=True)
            and self.python.contains(target.python.full, prereleases=True)
            and (not self.platforms or any(fnmatchcase(platform, p) for p in self.platforms))
        )


SystemManager = Literal["dnf", "apk", "apt", "brew", "vcpkg", "choco"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to build a project; merged over the catalogue's recipe, key by key."""

    catalogue: bool = key(
        "Whether the built-in recipe applies where this one is silent.", default=True
    )
    system: Mapping[SystemManager, tuple[str, ...]] = mapping(
        "Package manager to the system packages it must install."
    )
    before_all: tuple[str, ...] = key(
        "Shell lines, run once after the system packages, with the network.",
        name="before-all",
        default=(),
    )
    environment: Mapping[str, str] = mapping("Environment variables of the build.")
    config_settings: Mapping[str, tuple[str, ...]] = mapping(
        "Settings for the build backend.", name="config-settings"
    )
    repair: Repair = key("How the system's libraries are grafted.", default=Repair())
    test: Test = key("The test of the built wheel.", default=Test())
    requires: tuple[str, ...] = key(
        "Constraints on build requirements, such as setuptools<81.", default=()
    )
    after: tuple[str, ...] = key(
        "Projects that are built before it and offered to its build, beyond its metadata.",
        default=(),
    )
    known_bad: tuple[KnownBad, ...] = key(
        "Releases that cannot be built on some targets.", name="known-bad", default=()
    )
    upstream_configuration: bool = key(
        "Whether the sdist's own [tool.cibuildwheel] is used instead of this recipe.",
        name="upstream-configuration",
        default=False,
    )
    dynamic: bool = key(
        "Whether setup.py decides by the interpreter, so that its metadata is built for each "
        "target.",
        default=False,
    )
    unlocked: Literal["allow"] | None = key(
        "Whether `policy.unlocked` spares its builds.", default=None
    )
    build: int = key(
        "The build tag of its wheels: a higher one builds them again, under a name of their own.",
        default=0,
        bounds=Bounds(least=1, most=HIGHEST_BUILD_TAG),
    )
    timeout: int = key(
        "Minutes after which a build is stopped; 120 when left out.",
        default=0,
        bounds=Bounds(least=1, most=LONGEST_BUILD),
    )
    written: frozenset[str] = _written()
    line: int = _line()

    def why_not(self, version: Version, target: Target) -> str:
        """Why the sdist of ``version`` is skipped on ``target``; empty when it is not."""
        return next((bad.reason for bad in self.known_bad if bad.fits(version, target)), "")
