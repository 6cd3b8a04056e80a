"""
What ``packages.yaml`` says of targets and packages; each other key has a module of its own.

The metadata of each field are those of ``describing``.
"""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Final, Literal

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from matrix.manifest.describing import AT_LEAST_ONE, NAME, SENTENCE, Bounds, key, mapping
from matrix.manifest.describing import line as _line
from matrix.manifest.network import Network
from matrix.manifest.operations import Bot, Keep, MergeRequests, Schedule, Sign, Untested
from matrix.manifest.output import Output
from matrix.manifest.policy import Policy
from matrix.manifest.recipe import Recipe
from matrix.manifest.releases import NEWEST, Releases
from matrix.manifest.runner import Coordinator, Runner
from matrix.manifest.services import GitHub, GitLab
from matrix.manifest.store import StoreKinds
from matrix.manifest.tool import Tool
from matrix.targets.platform_tag import PlatformTag
from matrix.targets.python_version import PythonVersion
from matrix.targets.target import Target

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
class Manifest:
    """The whole of packages.yaml."""

    bundle: str = key("The bundle's name.", bounds=NAME)
    targets: Mapping[str, TargetGroup] = key(
        "The interpreters that install everything, in named groups.", bounds=_TARGET_NAMES
    )
    runners: tuple[Runner, ...] = key(
        "The runners that build; the first match is taken.", bounds=AT_LEAST_ONE
    )
    coordinator: Coordinator | None = key(
        "The machine of the jobs that do not build; the first runner when left out.", default=None
    )
    output: Output = key("Names and places of the generated pipelines.", default=Output())
    github: GitHub = key("The GitHub instance.", default=GitHub())
    gitlab: GitLab = key("The GitLab instance.", default=GitLab())
    merge_requests: MergeRequests = key(
        "Whether a merge request builds wheels, or shows the plan alone.",
        name="merge-requests",
        default="build",
    )
    keep: Keep = key("Days that artifacts are kept.", default=Keep())
    schedule: Schedule = key(
        "How often the pipeline looks for newer releases and advisories.", default="weekly"
    )
    untested: Untested = key(
        "What a release does whose commit has no successful run of the default branch.",
        default="build",
    )
    sign: Sign | None = key("Where releases are signed; unsigned when left out.", default=None)
    bot: Bot | None = key(
        "The token that pushes a refreshed lock and opens merge requests.", default=None
    )
    network: Network = key("Where runners fetch from.", default=Network())
    store: StoreKinds = key("Where pipelines keep built wheels between runs.", default=StoreKinds())
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
