"""
Build one job: each build once the builds that it waits for are done.

A build that fails stops the builds that need it and no others, so that one run reports as many
failures as it can.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from matrix.builds.invocation import run_build
from matrix.builds.local_store import LocalStore
from matrix.builds.prerequisites import select_prerequisites
from matrix.builds.task import Task
from matrix.builds.wheelhouse import Wheelhouse
from matrix.builds.workspace import Workspace
from matrix.errors import BuildFailed, Problem
from matrix.manifest.model import Manifest
from matrix.plan.model import Build, Job, Plan

RunBuild = Callable[[Build, Sequence[Path]], tuple[Path, ...]]
"""Makes the wheels of a build, given the wheels of the builds that it waits for."""


def build_job(
    job: Job,
    *,
    plan: Plan,
    manifest: Manifest,
    sdist: Callable[[Build], Path],
    wheelhouse: Callable[[Build], Wheelhouse],
    place: Path | LocalStore,
    workspace: Workspace,
    reused: Sequence[Path] = (),
) -> tuple[Path, ...]:
    """
    Run every build of ``job`` in order, and return the wheels.

    The wheels are written to ``place``; a store returns those that it has. ``sdist`` returns a
    build's sdist and ``wheelhouse`` its build requirements, digests checked; ``reused`` are wheels
    from elsewhere, for builds that need them. Raises what ``run_build`` does; wheels of the builds
    that succeeded are in ``place`` then, too.
    """

    def run(build: Build, wheels: Sequence[Path]) -> tuple[Path, ...]:
        if isinstance(place, Path):
            return run_in(place, build, wheels)
        known = place.find_wheels(build, job)
        return known or run_in(place.find_directory(build, job), build, wheels)

    def run_in(out: Path, build: Build, wheels: Sequence[Path]) -> tuple[Path, ...]:
        prerequisites = select_prerequisites(
            build, built=wheels, reused=reused, plan=plan, place=job.id
        )
        task = Task(
            build=build,
            job=job,
            plan=plan,
            manifest=manifest,
            prerequisites=prerequisites,
            wheelhouse=wheelhouse(build),
        )
        return run_build(task, sdist=sdist(build), out=out, workspace=workspace)

    return build_in_order(job, run)


def build_in_order(job: Job, run: RunBuild) -> tuple[Path, ...]:
    """
    The wheels of every build of ``job``.

    Raises ``BuildFailed`` when a build failed, after all other builds; their wheels stay where
    ``run`` has put them.
    """
    wheels_by_project: dict[str, tuple[Path, ...]] = {}
    failed: dict[str, Build] = {}
    problems: list[Problem] = []
    for build in job.builds:
        if missing := [failed[name].label for name in build.after if name in failed]:
            what = f"blocked    {build.label}, which needs {', '.join(missing)}"
            problems.append(Problem(place=job.id, what=what))
            continue
        wheels = [path for name in build.after for path in wheels_by_project.get(name, ())]
        try:
            built = run(build, wheels)
        except BuildFailed as error:
            failed[build.project] = build
            problems += error.problems
        else:
            earlier = wheels_by_project.get(build.project, ())
            wheels_by_project[build.project] = earlier + built
    if problems:
        raise BuildFailed(*problems)
    return tuple(path for paths in wheels_by_project.values() for path in paths)
