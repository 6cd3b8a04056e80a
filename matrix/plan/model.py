"""The values of a plan; ``serial`` writes and reads them as JSON."""

import dataclasses
import enum
from typing import Final, Literal

SCHEMA: Final = 3


class State(enum.StrEnum):
    """How a cell gets its wheel, or why it gets none."""

    UNIVERSAL = "universal"
    PUBLISHED = "published"
    REUSED = "reused"
    BUILD = "build"
    EXCLUDED = "excluded"
    IMPOSSIBLE = "impossible"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PlannedTarget:
    """A target by id, full version and platform tag."""

    id: str
    python: str
    platform: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cell:
    """
    One (project, version, target).

    ``filename``, ``sha256`` and ``size`` describe the published or reused wheel; for ``build``, the
    sdist. They are empty where nothing is installed. ``reason`` is a sentence for people, ``job``
    the id of the job that builds.
    """

    project: str
    version: str
    target: str
    state: State
    reason: str
    filename: str = ""
    sha256: str = ""
    size: int = 0
    job: str = ""
    key: str = ""
    """What decided the bytes of a built wheel, as a digest: same key, same wheel."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class JobClass:
    """
    Runner and lane: what a pipeline needs to know to start a job, and nothing of what the job
    builds.

    A function of the manifest's targets and runners alone, so committed pipelines can be made from
    it.
    """

    id: str
    system: Literal["linux", "windows", "macos"]
    platform: str
    """cibuildwheel's platform half of an identifier, such as ``manylinux_x86_64``."""
    lane: str
    engine: str
    image: str
    """Container image of a Linux build; empty elsewhere."""
    github: tuple[str, ...]
    gitlab_tags: tuple[str, ...]
    gitlab_image: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Build:
    """
    The cells of one sdist and one job class: one run of cibuildwheel.

    A pure wheel serves targets of other classes too, but each class builds and tests its own.
    """

    project: str
    version: str
    sdist: str
    sha256: str
    size: int
    identifiers: tuple[str, ...]
    targets: tuple[str, ...]
    after: tuple[str, ...] = ()
    """Projects that it needs and that the same job builds before it, at any distance."""
    carried: tuple[str, ...] = ()
    """Projects that it needs and whose wheels are carried over from the previous bundle."""
    measured: int = 0
    """Seconds that it should take by what the previous bundle's builds took; 0 when unknown."""
    is_pure: bool = False
    """Whether the sdist is certain to make a wheel that runs everywhere."""
    epoch: int = 0
    """When the sdist was uploaded, in seconds since 1970; 0 when the index does not tell."""
    stock: tuple[str, ...] = ()
    """File names of ``Plan.build_files``: all that it and its smoke test install."""
    unlocked: str = ""
    """Why its stock is incomplete, so that it takes from the index; empty when it needs none."""

    @property
    def label(self) -> str:
        """The release that is built."""
        return f"{self.project} {self.version}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Job:
    """A shard of a job class: what one runner builds in one go, in this order."""

    id: str
    job_class: str
    builds: tuple[Build, ...]
    seconds: int
    """How long it takes, as far as past durations and the sizes of sdists tell."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Every target that some build serves, sorted."""
        return tuple(sorted({target for build in self.builds for target in build.targets}))

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Every build identifier, sorted."""
        return tuple(sorted({name for build in self.builds for name in build.identifiers}))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BuildFile:
    """A wheel that some build installs, as the lock names it."""

    project: str
    filename: str
    sha256: str
    size: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Wish:
    """A root of the manifest, the targets it must install on, and those on which it may not."""

    root: str
    requirements: tuple[str, ...]
    targets: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    """Target id and reason, where the manifest takes the root off a target."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a run will do; every tuple is sorted."""

    bundle: str
    targets: tuple[PlannedTarget, ...]
    wishes: tuple[Wish, ...]
    cells: tuple[Cell, ...]
    classes: tuple[JobClass, ...]
    jobs: tuple[Job, ...]
    build_files: tuple[BuildFile, ...] = ()

    def class_of(self, job: Job) -> JobClass:
        """The job class that ``job`` names."""
        return next(one for one in self.classes if one.id == job.job_class)

    def bytes_in(self, *states: State) -> int:
        """What the files of cells in one of ``states`` weigh, each file once."""
        return sum({c.filename: c.size for c in self.cells if c.state in states}.values())
