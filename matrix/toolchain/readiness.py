"""
What a machine lacks to run the jobs of a manifest, found out on that machine.

Every question is asked and answered, so that a runner is made ready in one go. Lanes are installed
and images pulled on the way: nothing else would prove that they can be.
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
from matrix.toolchain.needs import Wanted

GIGABYTES: Final = 5
OLDEST_PYTHON: Final = (3, 11, 4)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """The machine that is asked, and what it builds with."""

    machine: Host
    python: tuple[int, int, int]
    environment: Mapping[str, str]
    """As builds see it."""
    cache: Path
    reporter: Reporter
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free


def findings(asked: Sequence[Wanted], runner: Runner) -> Iterator[Finding]:
    """One answer after the other, for what of ``asked`` this machine is meant to build."""
    mine = [one for one in asked if not runner.machine.find_obstacle(one.job_class)]
    yield _python(runner)
    yield _space(runner)
    if not mine:
        what = f"no target of the manifest builds on {runner.machine.system} {runner.machine.arch}"
        yield Finding(subject="targets", lacks=what, hint="python -m matrix targets")
        return
    names = ", ".join(str(one.service) for one in mine)
    yield Finding(subject="targets", detail=names)
    yield from _lanes(mine, runner)
    if runner.machine.system == "linux":
        yield from _containers({one.job_class for one in mine}, runner)
    elif runner.machine.system == "windows":
        yield from windows.findings(mine, runner.environment)
    elif runner.machine.system == "macos":
        yield from macos.findings(mine, runner.environment)


def _python(runner: Runner) -> Finding:
    version = ".".join(map(str, runner.python))
    if runner.python < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        what = f"expected Python {oldest} or newer, got {version}"
        return Finding(subject="python", lacks=what, hint=f"install Python {oldest} or newer")
    return Finding(subject="python", detail=version)


def _space(runner: Runner) -> Finding:
    place = runner.cache
    while not place.exists() and place != place.parent:
        place = place.parent
    free = runner.free(place) / 1e9
    detail = f"{free:.1f} GB free at {place}"
    if free < GIGABYTES:
        what = f"expected {GIGABYTES} GB, got {detail}"
        return Finding(subject="space", lacks=what, hint="free some, or name another --cache")
    return Finding(subject="space", detail=detail)


def _lanes(mine: Iterable[Wanted], runner: Runner) -> Iterator[Finding]:
    for lane in sorted({one.service.lane for one in mine}):
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


def _containers(classes: Iterable[JobClass], runner: Runner) -> Iterator[Finding]:
    by_engine: dict[str, list[JobClass]] = {}
    for one in sorted(classes):
        by_engine.setdefault(one.engine, []).append(one)
    for name, users in sorted(by_engine.items()):
        try:
            engine = Engine.find(name, environment=runner.environment)
        except Unequipped as error:
            yield Finding(subject=name, lacks=error.reason, hint=error.hint)
            continue
        yield engines.finding(name, engine, users)
        for image in sorted({one.image for one in users}):
            yield engines.image_finding(engine, image, users, reporter=runner.reporter)
