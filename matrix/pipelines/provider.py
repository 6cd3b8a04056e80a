"""
What a CI service is to this room, so that nothing outside of its own module has to name it.

A new service is one module with a class like ``GitHub`` and one row in ``providers``; the keys of
the manifest by which a runner is found are the manifest's.
"""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from matrix.errors import Problem
from matrix.manifest.model import Manifest
from matrix.manifest.runner import Machine, Service, Step
from matrix.pipelines.installation import Installation
from matrix.pipelines.run_facts import RunFacts

if TYPE_CHECKING:
    from matrix.plan.model import Plan

Warnings = tuple[Problem, ...]
Errors = tuple[Problem, ...]


_MINUTES_TO_STOP: Final = 5
DEFAULT_MINUTES: Final = 350
"""Of a job that builds: GitHub stops its own runners after 360."""
MINUTES_BESIDE: Final = 15
"""What checkout, installation and uploads of a job may take beside its builds."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JobRunner:
    """What a job says to get a runner, what its shell is like, and what it sets up there."""

    labels: tuple[str, ...] = ()
    """Labels or tags that must all match."""
    group: str = ""
    image: str = ""
    is_windows: bool = False
    is_hosted: bool = False
    """Whether the service runs it, with the tools that the service installs."""
    services: tuple[Service, ...] = ()
    """Containers beside the job."""
    command: str = ""
    """The words that start its Python, where the manifest says them."""
    value_by_variable: Mapping[str, str] = dataclasses.field(default_factory=dict)
    secret_by_variable: Mapping[str, str] = dataclasses.field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    """The manifest's own, of this service."""
    installation: Installation | None = None
    """How its jobs get this program; none until ``runners`` has added it."""
    minutes: int = DEFAULT_MINUTES
    """After which the service stops a job that builds."""

    @property
    def base_python(self) -> str:
        """The Python that the runner has; on Windows, python.org's installs no ``python3``."""
        return self.command or ("python" if self.is_windows else "python3")

    @property
    def installs_python(self) -> bool:
        """Whether a job installs a Python before it uses one."""
        return self.is_hosted and not self.command

    @property
    def build_minutes(self) -> int:
        """After which the service stops the step, to leave time for keeping what passed."""
        return self.minutes - MINUTES_BESIDE

    @property
    def tool_minutes(self) -> int:
        """After which ``build`` stops by itself, before it is stopped, and says why."""
        return self.build_minutes - _MINUTES_TO_STOP

    @property
    def python(self) -> str:
        """
        The Python of the job's own virtual environment.

        Its path is spelled out, for activating it is different in every shell; and it is the job's
        own, because jobs that share a runner must not install over each other.
        """
        return f"{self._scripts}/python"

    @property
    def wheelyard(self) -> str:
        """
        The console script of the job's own virtual environment.

        ``python -m`` would run a module of the repository that has the same name.
        """
        return f"{self._scripts}/wheelyard"

    @property
    def _scripts(self) -> str:
        return f".wheelyard/{'Scripts' if self.is_windows else 'bin'}"


class Provider(Protocol):
    """One CI service: what is committed for it, and what its planning job hands on."""

    @property
    def name(self) -> str:
        """How options, messages and the data of limits name it."""

    @property
    def has_actions(self) -> bool:
        """Whether a step of a job can be an action of the service."""

    @property
    def owned_places(self) -> tuple[str, ...]:
        """Patterns of the paths that its committed files can have, for ``Path.glob``."""

    @property
    def limits(self) -> Mapping[str, int]:
        """What it refuses more of."""

    def find_runner(self, runner: Machine, manifest: Manifest) -> JobRunner | None:
        """What a job says to get ``runner``; none when the service cannot find it."""

    def judge_runners(self, manifest: Manifest, today: datetime.date) -> tuple[Warnings, Errors]:
        """What is doubtful and what is wrong with the runners of ``manifest``."""

    def render_committed(self, manifest: Manifest) -> dict[str, str]:
        """The committed files, path to text; none when no runner is found through the service."""

    def render_outputs(
        self, manifest: Manifest, plan: "Plan", run: RunFacts | None = None
    ) -> dict[str, str]:
        """
        The outputs of the planning job, name to one line of text; none when it has none.

        ``run`` is the one that plans; none outside of a CI service.
        """

    def render_child(self, manifest: Manifest, plan: "Plan") -> str:
        """The pipeline that the planning job starts; empty when it starts none."""
