"""
One job after its plan: each build once what it waits for is there.

A build that fails stops those that need it and no others, so one run says as much as it can.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from matrix.errors import BuildFailed, Problem
from matrix.plan.model import Build, Job

Make = Callable[[Build, Sequence[Path]], tuple[Path, ...]]
"""Makes the wheels of a build, given those of the builds that it waits for."""


def in_order(job: Job, make: Make) -> tuple[Path, ...]:
    """
    The wheels of every build of ``job``.

    Raises ``BuildFailed`` when one failed, after all others were made; their wheels stay where
    ``make`` has put them.
    """
    made: dict[str, tuple[Path, ...]] = {}
    failed: dict[str, Build] = {}
    problems: list[Problem] = []
    for build in job.builds:
        if missing := [failed[name].label for name in build.after if name in failed]:
            what = f"blocked    {build.label}, which needs {', '.join(missing)}"
            problems.append(Problem(place=job.id, what=what))
            continue
        given = [path for name in build.after for path in made.get(name, ())]
        try:
            made[build.project] = made.get(build.project, ()) + make(build, given)
        except BuildFailed as error:
            failed[build.project] = build
            problems += error.problems
    if problems:
        raise BuildFailed(*problems)
    return tuple(path for paths in made.values() for path in paths)


def place_of(build: Build, job: Job) -> str:
    """How messages name a build of a job."""
    return f"{job.id}: {build.label}"
