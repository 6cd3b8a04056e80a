"""The machines that run jobs, as ``packages.yaml`` describes them."""

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal

from matrix.manifest.describing import AT_LEAST_ONE, Bounds, key, mapping
from matrix.manifest.describing import line as _line

SELF_HOSTED: Final = "self-hosted"
LEAST_MINUTES: Final = 30
MOST_MINUTES: Final = 7_200
"""Five days, after which GitHub stops a job on a runner of one's own."""
MOST_JOBS: Final = 256
"""The jobs of one matrix of GitHub."""
_COLON: Final = ":(?=/)"
"""As in C:/Python312/python.exe; before a blank it would mean something to YAML."""
PYTHON: Final = Bounds(
    pattern=rf"[A-Za-z0-9._/]([A-Za-z0-9._+/-]|{_COLON})*( ([A-Za-z0-9._+/=-]|{_COLON})+)*",
    expected="the words of a command, such as 'python3.12' or 'py -3.12'",
)
VARIABLE: Final = Bounds(
    pattern="[A-Za-z_][A-Za-z0-9_]*", expected="the name of an environment variable"
)
ACTION: Final = Bounds(
    pattern=r"[A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+@[0-9a-f]{40}",
    expected="an action at a full commit, such as 'owner/name@0123...'",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHubRunner:
    """How GitHub finds a runner."""

    labels: tuple[str, ...] = key(
        "Label, or list of labels that must all match.", default=(), shorthand=True
    )
    group: str = key("Runner group; with labels, those of the group that have them.", default="")

    @property
    def is_own(self) -> bool:
        """Whether its users have registered it: GitHub knows nothing of its labels."""
        return bool(self.group) or SELF_HOSTED in map(str.lower, self.labels)

    @property
    def words(self) -> tuple[str, ...]:
        """Group and labels in words; empty when GitHub cannot find the runner."""
        return (*((f"group {self.group}",) if self.group else ()), *self.labels)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A container that GitLab starts beside a job's own."""

    name: str = key("Its image.", shorthand=True)
    alias: str = key("The name by which the job reaches it.", default="")
    entrypoint: tuple[str, ...] = key("Words of its entrypoint.", default=())
    command: tuple[str, ...] = key("Words of its command.", default=())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitLabRunner:
    """How GitLab finds a runner, and what its executor starts there."""

    tags: tuple[str, ...] = key("Runner tags; all must match.", default=(), shorthand=True)
    image: str = key(
        "Container image of the job, for runners whose executor starts one.", default=""
    )
    executor: Literal["shell", "docker", "kubernetes"] | None = key(
        "The runner's executor; docker where an image is named, else shell.", default=None
    )
    services: tuple[Service, ...] = key(
        "Containers beside the job, such as docker:dind.", default=(), bounds=AT_LEAST_ONE
    )
    variables: Mapping[str, str] = mapping(
        "Variables of the job on GitLab alone, such as DOCKER_HOST.",
        bounds=Bounds(pattern=VARIABLE.pattern, expected=VARIABLE.expected),
    )

    @property
    def is_container(self) -> bool:
        """Whether each job runs in a container of its own."""
        executor = self.executor or ("docker" if self.image else "shell")
        return executor != "shell"

    @property
    def words(self) -> tuple[str, ...]:
        """Tags, else the image; empty when GitLab cannot find the runner."""
        return self.tags or ((self.image,) if self.image else ())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """The value of an environment variable, or the name of the secret that has it."""

    value: str = key("The value; this file is committed.", default="", shorthand=True)
    secret: str = key(
        "Name of a secret of GitHub, and of a CI/CD variable of GitLab.",
        default="",
        bounds=VARIABLE,
    )
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of one's own in each job of a runner."""

    run: str = key(
        "A line of the shell: bash on GitHub, the runner's own on GitLab.",
        default="",
        shorthand=True,
    )
    uses: str = key("An action at a commit; on GitHub alone.", default="", bounds=ACTION)
    inputs: Mapping[str, Variable] = mapping("Inputs of the action.", name="with", bounds=VARIABLE)
    only: Literal["github", "gitlab"] | None = key(
        "The service that has the step; both when left out.", default=None
    )
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What any job says of the machine that it runs on."""

    github: GitHubRunner = key("Labels and runner group.", default=GitHubRunner())
    gitlab: GitLabRunner = key("Tags, image and executor.", default=GitLabRunner())
    python: str = key(
        "Command that starts Python 3.11.4 or newer there, such as python3.12 or py -3.12.",
        default="",
        bounds=PYTHON,
    )
    ca_bundle: str = key(
        "Certificates to trust there, as a path; instead of network.ca-bundle.",
        name="ca-bundle",
        default="",
    )
    toolchain: str = key(
        "The toolchain there, as a directory or an address; instead of network.toolchain.",
        default="",
    )
    environment: Mapping[str, Variable] = mapping(
        "Environment variables of its jobs, as values or {secret: NAME}.", bounds=VARIABLE
    )
    setup: tuple[Step, ...] = key(
        "Steps of its jobs between the checkout and the installation of wheelyard.",
        default=(),
        bounds=AT_LEAST_ONE,
    )
    line: int = _line()

    @property
    def labels_by_provider(self) -> Mapping[str, tuple[str, ...]]:
        """How each CI service finds the runner, for messages; empty where it has no such runner."""
        return {"github": self.github.words, "gitlab": self.gitlab.words}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that its jobs need, sorted."""
        inputs = [variable for step in self.setup for variable in step.inputs.values()]
        named = {variable.secret for variable in [*self.environment.values(), *inputs]}
        return tuple(sorted(named - {""}))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Coordinator(Machine):
    """The machine of the jobs that do not build: they check, plan, report, bundle and publish."""

    system: Literal["linux", "macos", "windows"] = key(
        "Its operating system, which decides the shell of its jobs.", default="linux"
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Runner(Machine):
    """Runners that build for some platforms; the first whose pattern matches is taken."""

    match: str = key("Pattern (*, ?) over platform tags.")
    engine: Literal["podman", "docker"] = key("Container engine of Linux builds.", default="docker")
    images: Mapping[str, str] = mapping(
        "Platform tag to container image, instead of the lane's own image."
    )
    timeout: int = key(
        "Minutes after which the service stops a job; what GitHub and GitLab allow when left out.",
        default=0,
        bounds=Bounds(least=LEAST_MINUTES, most=MOST_MINUTES),
    )
    jobs: int = key(
        "How many of these machines there are: builds are joined into at most this many jobs.",
        default=0,
        bounds=Bounds(least=1, most=MOST_JOBS),
    )
