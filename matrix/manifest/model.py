"""
The keys and values of ``packages.yaml``; ``policy`` has a module of its own.

The metadata of each field are those of ``describing``.
"""

import dataclasses
import datetime
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final, Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.manifest.describing import AT_LEAST_ONE, NAME, SENTENCE, Bounds, key, mapping
from matrix.manifest.describing import line as _line
from matrix.manifest.describing import written as _written
from matrix.manifest.policy import Policy
from matrix.manifest.releases import NEWEST, Releases
from matrix.manifest.tool import Tool
from matrix.targets.platform_tag import PlatformTag
from matrix.targets.python_version import PythonVersion
from matrix.targets.target import Target

LONGEST_BUILD: Final = 10_000
"""Minutes; about a week, beyond the limits of both providers."""
_TARGET_NAMES: Final = Bounds(least=1, pattern=NAME.pattern, expected=NAME.expected)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """Interpreters that share a platform."""

    platform: PlatformTag = key("The oldest platform that must work, as a wheel's platform tag.")
    python: tuple[PythonVersion, ...] = key(
        "Full versions of the interpreters: 3.12.4, 3.14.0t, pypy-7.3.20-3.11.13.",
        bounds=AT_LEAST_ONE,
    )
    line: int = _line()

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(
            Target(python=python, platform=platform)
            for platform in self.platform.single_platforms
            for python in self.python
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHubRunner:
    """How GitHub finds a runner."""

    labels: tuple[str, ...] = key(
        "Label, or list of labels that must all match.", default=(), shorthand=True
    )
    group: str = key("Runner group; with labels, those of the group that have them.", default="")

    @property
    def words(self) -> tuple[str, ...]:
        """Group and labels in words; empty when GitHub cannot find the runner."""
        return (*((f"group {self.group}",) if self.group else ()), *self.labels)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitLabRunner:
    """How GitLab finds a runner."""

    tags: tuple[str, ...] = key("Runner tags; all must match.", default=(), shorthand=True)
    image: str = key(
        "Container image of the job, for runners whose executor starts one.", default=""
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runners that build for some platforms; the first whose pattern matches is taken."""

    match: str = key("Pattern (*, ?) over platform tags.")
    github: GitHubRunner = key("Labels and runner group.", default=GitHubRunner())
    gitlab: GitLabRunner = key("Tags and image.", default=GitLabRunner())
    engine: Literal["podman", "docker"] = key("Container engine of Linux builds.", default="docker")
    images: Mapping[str, str] = mapping(
        "Platform tag to container image, instead of the lane's own image."
    )
    line: int = _line()

    @property
    def labels_by_provider(self) -> Mapping[str, tuple[str, ...]]:
        """How each CI service finds the runner, for messages; empty where it has no such runner."""
        image = (self.gitlab.image,) if self.gitlab.image else ()
        return {"github": self.github.words, "gitlab": self.gitlab.tags or image}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """The GitHub instance that runs the workflow."""

    dialect: Literal["github.com", "enterprise-server"] = key(
        "enterprise-server has no hosted runners and the older artifact service.",
        default="github.com",
    )
    labels: tuple[str, ...] = key(
        "Labels of your own runners; when given, a label that is not listed is an error.",
        default=(),
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitLab:
    """The GitLab instance that runs the pipeline."""

    artifact_megabytes: int = key(
        "Maximum artifacts size of the instance; 100 when left out, as self-managed ones have it.",
        name="artifact-megabytes",
        default=0,
        bounds=Bounds(least=1),
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Internal:
    """An internal index: a project comes from this one or from `network.index`, never both."""

    index: str = key("The index (Simple API).")
    projects: tuple[str, ...] = key(
        "Projects that come from it, as patterns (*, ?) over names.", bounds=AT_LEAST_ONE
    )
    public: tuple[str, ...] = key(
        "Projects that come from `network.index` although this index serves them too.", default=()
    )
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Where runners fetch from; every value replaces the configuration of pip on the runner."""

    index: str = key("The package index (Simple API).", default="")
    ca_bundle: str = key("Certificates to trust, as a path.", name="ca-bundle", default="")
    internal: Internal | None = key(
        "A second index, with the projects that come from it.", default=None
    )
    toolchain: str = key(
        "The output of `toolchain`, as a directory or an address; lanes come from it alone.",
        default="",
    )
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A target group without a requirement, and why."""

    target: str = key("A name from `targets`.")
    reason: str = key("Why the requirement is left out there.", bounds=SENTENCE)
    until: datetime.date | None = key(
        "The last day of the exclusion; afterwards it is an error.", default=None
    )
    line: int = _line()

    @property
    def why(self) -> str:
        """The reason, with the last day where there is one."""
        return f"{self.reason} (until {self.until})" if self.until else self.reason


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One requirement and its targets."""

    requirement: Requirement = key("A PEP 508 requirement.", shorthand=True)
    targets: tuple[str, ...] = key(
        "Names from `targets`; all of them when left out.", default=(), bounds=AT_LEAST_ONE
    )
    source: Literal["any", "build"] = key("`build` never takes the index's wheel.", default="any")
    versions: Releases = key(
        "Which releases: `newest`, `all`, or how many of the newest, each installable by itself.",
        default=NEWEST,
    )
    exclude: tuple[Exclusion, ...] = key("Target groups without it.", default=())
    line: int = _line()

    @property
    def project(self) -> NormalizedName:
        return canonicalize_name(self.requirement.name)


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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole of packages.yaml."""

    bundle: str = key("The bundle's name.", bounds=NAME)
    targets: Mapping[str, TargetGroup] = key(
        "The interpreters that install everything, in named groups.", bounds=_TARGET_NAMES
    )
    runners: tuple[Runner, ...] = key(
        "The runners that build; the first match is taken.", bounds=AT_LEAST_ONE
    )
    github: GitHub = key("The GitHub instance.", default=GitHub())
    gitlab: GitLab = key("The GitLab instance.", default=GitLab())
    network: Network = key("Where runners fetch from.", default=Network())
    packages: tuple[Package, ...] = key("The requirements.", bounds=AT_LEAST_ONE)
    environments: Mapping[str, tuple[Requirement, ...]] = mapping(
        "Requirements that must install together, on every target.",
        bounds=Bounds(items=AT_LEAST_ONE),
    )
    recipes: Mapping[str, Recipe] = mapping(
        "How to build projects that need more than their sdist, by project."
    )
    policy: Policy = key("Rules for every release.", default=Policy())
    tool: Tool | None = key(
        "The program that pipelines install: a wheel in the repository, wheelyard==VERSION from an "
        "index of your own, or . in a checkout of wheelyard.",
        default=None,
    )
    source: str = dataclasses.field(default="packages.yaml", compare=False)

    @property
    def all_targets(self) -> tuple[Target, ...]:
        """Every target of every group, sorted."""
        return tuple(sorted(t for group in self.targets.values() for t in group.targets))

    def targets_of(self, package: Package) -> tuple[Target, ...]:
        """The targets on which ``package`` is wanted or excluded, sorted."""
        names = package.targets or tuple(self.targets)
        return tuple(sorted(target for name in names for target in self.targets[name].targets))

    def exclusion(self, package: Package, target: Target) -> Exclusion | None:
        """The rule that takes ``package`` off ``target``, if there is one."""
        return next(
            (rule for rule in package.exclude if target in self.targets[rule.target].targets), None
        )
