"""The values of a plan; ``planfile`` writes and reads them as JSON."""

import dataclasses
import enum
from typing import Annotated, Final, Literal

from matrix.configurations.inputs import Keys
from matrix.documents.fields import Digest, Matching, OptionalDigest, Size

SCHEMA: Final = 5

# "$" also matches before a newline, and JSON Schema has no \\Z.
_END: Final = r"(?![\s\S])"
_FILE: Final = rf"(?!\.{{1,2}}{_END})[^/\\\x00-\x1f]+"

FileName = Annotated[str, Matching(f"^{_FILE}{_END}", "a file name")]
"""The name of a distribution: it becomes a path."""

JobName = Annotated[str, Matching(f"^[a-z0-9][a-z0-9.-]*{_END}", "the name of a job")]
"""It becomes a path, an argument of a shell and the name of an artifact."""

OptionalFileName = Annotated[str, Matching(f"^({_FILE})?{_END}", "a file name or nothing")]

OptionalVersion = Annotated[
    str, Matching(rf"^([0-9]+\.[0-9]+)?{_END}", "a version of macOS or nothing")
]


class State(enum.StrEnum):
    """Where the wheel of a cell comes from, or that there is none."""

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
    sdist. They are empty where nothing is installed. ``reason`` is prose, ``job`` the id of the job
    that builds.
    """

    project: str
    version: str
    target: str
    state: State
    reason: str
    filename: OptionalFileName = ""
    sha256: OptionalDigest = ""
    size: Size = 0
    job: str = ""
    content_key: OptionalDigest = ""
    """The digest of everything that decides the bytes of a built wheel."""
    test_key: OptionalDigest = ""
    """The digest of the content key and of everything that decides its test."""
    build_seconds: Size = 0
    """The part of this target in the seconds that the build of a reused wheel took."""
    build_tag: Size = 0
    """The number in the name of a wheel that is built or reused; 0 when it has none."""
    run: str = ""
    """The run or the bundle that a reused wheel comes from."""
    location: str = ""
    """Where the store has a reused wheel; its kind reads it."""

    unlocked: str = ""
    """Why the build of its wheel was or will be unlocked; empty when it is locked."""

    @property
    def keys(self) -> Keys:
        """The keys by which the wheel is reused."""
        return Keys(content=self.content_key, test=self.test_key)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RunnerLabels:
    """What a job says to get its runner from one CI service: labels, a group, tags or an image."""

    provider: str
    labels: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class JobClass:
    """
    Runner and lane: what a pipeline needs to know to start a job, and nothing of what the job
    builds.

    A function of the manifest's targets and runners alone, so committed pipelines can be made from
    it.
    """

    id: JobName
    system: Literal["linux", "windows", "macos"]
    platform: str
    """cibuildwheel's platform half of an identifier, such as ``manylinux_x86_64``."""
    lane: str
    engine: str
    image: str
    """Container image of a Linux build; empty elsewhere."""
    runner: tuple[RunnerLabels, ...]
    """How each CI service finds the runner, sorted by the service's name."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels on the first service that has the runner; empty when none has."""
        return next((item.labels for item in self.runner), ())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Build:
    """
    The cells of one sdist and one job class: one run of cibuildwheel.

    A pure wheel serves targets of other classes too, but each class builds and tests its own.
    """

    project: str
    version: str
    sdist: FileName
    sha256: Digest
    size: Size
    identifiers: tuple[str, ...]
    targets: tuple[str, ...]
    after: tuple[str, ...] = ()
    """Projects that it needs and that the same job builds before it, at any distance."""
    reused: tuple[str, ...] = ()
    """Projects that it needs and whose wheels are reused."""
    measured_seconds: Size = 0
    """How long it should take by the measured builds of the past; 0 when there are none."""
    is_pure: bool = False
    """Whether the sdist is certain to make a wheel that runs everywhere."""
    epoch: Size = 0
    """When the sdist was uploaded, in seconds since 1970; 0 when the index has no upload time."""
    deployment_target: OptionalVersion = ""
    """The oldest macOS that the wheels must run on; empty elsewhere."""
    build_requirements: tuple[str, ...] = ()
    """File names of ``Plan.build_requirements``: all that it and its smoke test install."""
    unlocked: str = ""
    """Why some build requirements are not locked; empty when all are."""

    @property
    def label(self) -> str:
        """The release that is built."""
        return f"{self.project} {self.version}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Job:
    """The builds of one job class that one runner builds in one go, in this order."""

    id: JobName
    job_class: JobName
    builds: tuple[Build, ...]
    seconds: Size
    """An estimate by the measured builds of the past and the sizes of sdists."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Every target that some build serves, sorted."""
        return tuple(sorted({target for build in self.builds for target in build.targets}))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BuildRequirement:
    """A locked wheel that some build installs."""

    project: str
    filename: FileName
    sha256: Digest
    size: Size


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PlannedRequirement:
    """A root of the resolver: what must install together, and on which targets."""

    name: str
    """The project, ``environment NAME``, or the requirement with one of its releases."""
    requirements: tuple[str, ...]
    targets: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    """Target id and reason of every target that the manifest excludes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a run will do; every tuple is sorted."""

    bundle: str
    targets: tuple[PlannedTarget, ...]
    requirements: tuple[PlannedRequirement, ...]
    cells: tuple[Cell, ...]
    job_classes: tuple[JobClass, ...]
    jobs: tuple[Job, ...]
    build_requirements: tuple[BuildRequirement, ...] = ()
    lock_sha256: str = ""
    """The digest of the lock's text."""

    def get_job_class(self, job: Job) -> JobClass:
        """The job class of ``job``."""
        return next(item for item in self.job_classes if item.id == job.job_class)

    def count_bytes(self, *states: State) -> int:
        """The size of the files of all cells in one of ``states``, each file once."""
        return sum({c.filename: c.size for c in self.cells if c.state in states}.values())
