"""
What ``packages.yaml`` can say.

Each field carries its key and one sentence as metadata; ``decoding`` reads by them and ``schema``
publishes them. ``line`` fields are where a value stood in the file, for messages only.
"""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any, Final, Literal

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from matrix.targets.platform_tag import PlatformTag
from matrix.targets.target import PythonVersion, Target

DOC: Final = "doc"
KEY: Final = "key"
SHORTHAND: Final = "shorthand"


def key(
    doc: str, *, name: str = "", default: Any = dataclasses.MISSING, shorthand: bool = False
) -> Any:
    """Describe a field; ``shorthand`` marks the one that a plain scalar or list stands for."""
    metadata = {DOC: doc, KEY: name, SHORTHAND: shorthand}
    return dataclasses.field(default=default, metadata=metadata)


def mapping(doc: str, *, name: str = "") -> Any:
    """Describe a field that maps names to values and may be left out."""
    metadata = {DOC: doc, KEY: name, SHORTHAND: False}
    return dataclasses.field(default_factory=dict, metadata=metadata)


def _line() -> Any:
    return dataclasses.field(default=0, compare=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """Interpreters that share a platform, under a name of the author's."""

    platform: PlatformTag = key("The oldest platform that must work, as a wheel's platform tag.")
    python: tuple[PythonVersion, ...] = key("Full versions of the interpreters, such as 3.12.4.")
    line: int = _line()

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(Target(python=python, platform=self.platform) for python in self.python)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHubRunner:
    """How GitHub finds a runner."""

    labels: tuple[str, ...] = key(
        "Label, or list of labels that must all match.", default=(), shorthand=True
    )
    group: str = key("Runner group; with labels, those of the group that have them.", default="")

    @property
    def words(self) -> tuple[str, ...]:
        """What is asked for, for people; nothing when GitHub cannot find the runner."""
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
    """Machines that build for some platforms; the first whose pattern matches is taken."""

    match: str = key("Pattern (*, ?) over platform tags.")
    github: GitHubRunner = key("Labels and runner group.", default=GitHubRunner())
    gitlab: GitLabRunner = key("Tags and image.", default=GitLabRunner())
    engine: Literal["podman", "docker"] = key("Container engine of Linux builds.", default="docker")
    images: Mapping[str, str] = mapping(
        "Platform tag to container image, instead of the lane's own image."
    )
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """Which GitHub runs the workflow, and what it has."""

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
    """What the GitLab that runs the pipeline takes."""

    artifact_megabytes: int = key(
        "Maximum artifacts size of the instance; 100 when left out, as self-managed ones have it.",
        name="artifact-megabytes",
        default=0,
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """
    Where runners fetch from; every value replaces what pip on that machine is configured with.
    """

    index: str = key("The package index (Simple API).", default="")
    ca_bundle: str = key("Certificates to trust, as a path.", name="ca-bundle", default="")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A target group on which a requirement is not wanted, and why."""

    target: str = key("A name from `targets`.")
    reason: str = key("Why, for whoever misses it.")
    until: datetime.date | None = key("When to look again.", default=None)
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One requirement, and on which targets."""

    requirement: Requirement = key("A PEP 508 requirement.", shorthand=True)
    targets: tuple[str, ...] = key("Names from `targets`; all of them when left out.", default=())
    source: Literal["any", "build"] = key("`build` never takes the index's wheel.", default="any")
    exclude: tuple[Exclusion, ...] = key("Where it cannot work.", default=())
    line: int = _line()

    @property
    def project(self) -> NormalizedName:
        return canonicalize_name(self.requirement.name)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """How to see that a built wheel works."""

    modules: tuple[str, ...] = key(
        "Modules to import; by default those that the wheel declares.", name="import", default=()
    )
    requires: tuple[str, ...] = key("Requirements of the command.", default=())
    command: str = key("A command that must succeed.", default="")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a project needs to be built."""

    system: Mapping[Literal["dnf", "apk", "apt", "brew"], tuple[str, ...]] = mapping(
        "Package manager to the system packages it must install."
    )
    environment: Mapping[str, str] = mapping("Environment variables of the build.")
    test: Test = key("How to see that the wheel works.", default=Test())
    requires: tuple[str, ...] = key(
        "Constraints on build requirements, such as setuptools<81.", default=()
    )
    after: tuple[str, ...] = key(
        "Projects to be built before it and offered to its build, where no metadata says so.",
        default=(),
    )
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What must hold for every release taken."""

    lock: Literal["required", "refresh"] = key(
        "Whether a stale lock is an error or is brought up to date.", default="required"
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole of packages.yaml."""

    bundle: str = key("The bundle's name.")
    targets: Mapping[str, TargetGroup] = key("What must be able to install everything.")
    runners: tuple[Runner, ...] = key("Machines that build, first match wins.", default=())
    github: GitHub = key("Which GitHub runs the workflow.", default=GitHub())
    gitlab: GitLab = key("What the GitLab that runs it takes.", default=GitLab())
    network: Network = key("Where runners fetch from.", default=Network())
    packages: tuple[Package, ...] = key("The requirements.")
    environments: Mapping[str, tuple[Requirement, ...]] = mapping(
        "Requirements that must install together, on every target."
    )
    recipes: Mapping[str, Recipe] = mapping("How to build what needs help, by project.")
    policy: Policy = key("What must hold for every release taken.", default=Policy())
    tool: str = key(
        "What the pipelines install to get this tool: a requirement, or a path in the repository.",
        default="",
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

    def recipe(self, project: NormalizedName) -> Recipe:
        """What building ``project`` needs; an empty recipe for most."""
        return self.recipes.get(project, Recipe())
