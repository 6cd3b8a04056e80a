"""Where builds happen, and whether a machine can do what a job class asks for."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from matrix.builds import engine as engines
from matrix.builds.engine import Engine, Unequipped
from matrix.builds.machine import Machine
from matrix.builds.surroundings import scrubbed
from matrix.edge.progress import Reporter
from matrix.manifest.model import Manifest
from matrix.plan.model import JobClass

HOURS: Final = 3600.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether a machine can run jobs of a class; ``reason`` says why not."""

    reason: str = ""
    hint: str = ""

    @property
    def is_available(self) -> bool:
        return not self.reason


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A machine, its environment, and directories that outlive a job."""

    machine: Machine
    environment: Mapping[str, str]
    cache: Path
    logs: Path
    reporter: Reporter
    seconds: float = 2 * HOURS


def can_build(job_class: JobClass, *, manifest: Manifest, workshop: Workshop) -> Availability:
    """Whether jobs of ``job_class`` can run here; a missing image is pulled to find out."""
    environment = scrubbed(workshop.environment, network=manifest.network)
    try:
        equip(job_class, environment, workshop)
    except Unequipped as error:
        return Availability(reason=error.reason, hint=error.hint)
    return Availability()


def equip(job_class: JobClass, environment: Mapping[str, str], workshop: Workshop) -> Engine | None:
    """The container engine for ``job_class``, if it wants one; raises ``Unequipped``."""
    obstacle = workshop.machine.obstacle(job_class)
    if obstacle:
        raise Unequipped(obstacle)
    if job_class.system != "linux":
        return None
    return engines.equip(job_class, environment=environment, reporter=workshop.reporter)
