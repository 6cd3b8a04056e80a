"""The host and the directories that builds use, and whether it can run a job class."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from matrix.builds import pulls
from matrix.builds.engine import Engine, Unequipped
from matrix.builds.environment import scrub_environment
from matrix.builds.host import Host
from matrix.edge import scratch
from matrix.edge.progress import Reporter
from matrix.index.client import Index
from matrix.manifest.model import Manifest
from matrix.plan.model import JobClass

HOURS: Final = 3600.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether a host can run jobs of a class; ``reason`` says why not."""

    reason: str = ""
    hint: str = ""

    @property
    def is_available(self) -> bool:
        return not self.reason


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A host, its environment, and directories that outlive a job."""

    host: Host
    environment: Mapping[str, str]
    cache: Path
    logs: Path
    reporter: Reporter
    index: Index | None = None
    """The index that unlocked builds fetch from; without one they fetch nothing."""
    seconds: float = 2 * HOURS
    """The time limit of a build whose recipe has none."""
    deadline: float = math.inf
    """When builds stop, by the clock of ``time.monotonic``."""
    silent_registries: set[str] = dataclasses.field(default_factory=set, compare=False)
    """Registries of images that have not answered to this command."""


def check_availability(
    job_class: JobClass, *, manifest: Manifest, workspace: Workspace
) -> Availability:
    """Whether jobs of ``job_class`` can run here; a missing image is pulled to find out."""
    environment = scrub_environment(workspace.environment, network=manifest.network)
    try:
        find_engine(job_class, environment, workspace)
    except Unequipped as error:
        return Availability(reason=error.reason, hint=error.hint)
    return Availability()


def find_engine(
    job_class: JobClass, environment: Mapping[str, str], workspace: Workspace
) -> Engine | None:
    """The container engine of a Linux job class, None elsewhere; raises ``Unequipped``."""
    obstacle = workspace.host.find_obstacle(job_class)
    if obstacle:
        raise Unequipped(obstacle)
    if job_class.system != "linux":
        return None
    return pulls.equip_engine(
        job_class,
        environment=environment,
        reporter=workspace.reporter,
        silent=workspace.silent_registries,
    )


@contextlib.contextmanager
def make_work_directory(cache: Path, *, prefix: str) -> Iterator[Path]:
    """Yield a new directory below ``cache``, and remove it in the end."""
    with scratch.make_directory(find_work(cache), prefix=f"{prefix}.") as work:
        # cibuildwheel computes the package's path relative to its working directory with links
        # resolved.
        yield work.resolve()


def find_work(cache: Path) -> Path:
    """The directory below which each run has its own, with a lock beside it while it lives."""
    return cache / "work"
