"""
Check on a machine whether it can run the jobs of a manifest.

Every check is run, so that a runner can be prepared in one go. Lanes are installed and images
pulled on the way: only that proves that they can be.
"""

import dataclasses
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.builds.engine import Engine, Unequipped
from matrix.builds.host import Host
from matrix.builds.lane_install import install_lane
from matrix.edge.progress import Reporter
from matrix.errors import MatrixError
from matrix.plan.model import JobClass
from matrix.toolchain import engines, macos, windows
from matrix.toolchain.finding import Finding
from matrix.toolchain.needs import Need

GIGABYTES: Final = 5
OLDEST_PYTHON: Final = (3, 11, 4)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """The machine to check, and what it builds with."""

    machine: Host
    python: tuple[int, int, int]
    environment: Mapping[str, str]
    """The environment of builds."""
    cache: Path
    reporter: Reporter
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free


def check_runner(needs: Sequence[Need], runner: Runner) -> Iterator[Finding]:
    """Yield a finding for each check, for those of ``needs`` that this machine builds."""
    mine = [need for need in needs if not runner.machine.find_obstacle(need.job_class)]
    yield _check_python(runner)
    yield _check_space(runner)
    if not mine:
        what = f"no target of the manifest builds on {runner.machine.system} {runner.machine.arch}"
        yield Finding(subject="targets", lacks=what, hint="wheelyard targets")
        return
    names = ", ".join(str(need.service) for need in mine)
    yield Finding(subject="targets", detail=names)
    yield from _check_lanes(mine, runner)
    if runner.machine.system == "linux":
        yield from _check_containers({need.job_class for need in mine}, runner)
    elif runner.machine.system == "windows":
        yield from windows.check_windows(mine, runner.environment)
    elif runner.machine.system == "macos":
        yield from macos.check_macos(mine, runner.environment)


def _check_python(runner: Runner) -> Finding:
    version = ".".join(map(str, runner.python))
    if runner.python < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        what = f"expected Python {oldest} or newer, got {version}"
        return Finding(subject="python", lacks=what, hint=f"install Python {oldest} or newer")
    return Finding(subject="python", detail=version)


def _check_space(runner: Runner) -> Finding:
    place = runner.cache
    while not place.exists() and place != place.parent:
        place = place.parent
    free = runner.free(place) / 1e9
    detail = f"{free:.1f} GB free at {place}"
    if free < GIGABYTES:
        what = f"expected {GIGABYTES} GB, got {detail}"
        return Finding(
            subject="space",
            lacks=what,
            hint="free some space, or choose another directory with --cache",
        )
    return Finding(subject="space", detail=detail)


def _check_lanes(needs: Iterable[Need], runner: Runner) -> Iterator[Finding]:
    for lane in sorted({need.service.lane for need in needs}):
        subject = f"cibuildwheel {lane}"
        try:
            install_lane(
                lane,
                host=runner.machine,
                cache=runner.cache,
                environment=runner.environment,
                reporter=runner.reporter,
            )
        except MatrixError as error:
            problem = error.problems[0]
            yield Finding(subject=subject, lacks=problem.what, hint=problem.hint)
        else:
            yield Finding(subject=subject, detail="can be installed")


def _check_containers(classes: Iterable[JobClass], runner: Runner) -> Iterator[Finding]:
    classes_by_engine: dict[str, list[JobClass]] = {}
    for job_class in sorted(classes):
        classes_by_engine.setdefault(job_class.engine, []).append(job_class)
    for name, users in sorted(classes_by_engine.items()):
        try:
            engine = Engine.find(name, environment=runner.environment)
        except Unequipped as error:
            yield Finding(subject=name, lacks=error.reason, hint=error.hint)
            continue
        yield engines.check_engine(name, engine, users)
        for image in sorted({user.image for user in users}):
            yield engines.check_image(engine, image, users, reporter=runner.reporter)
