"""What ``build`` and ``release`` share: the jobs of a plan on this machine."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from matrix.builds.host import Host
from matrix.builds.invocation import run_build
from matrix.builds.job import build_in_order
from matrix.builds.outputs import check_outputs
from matrix.builds.prerequisites import select_prerequisites
from matrix.builds.task import Task, describe_build, find_targets
from matrix.builds.workspace import Availability, Workspace, check_availability
from matrix.bundle import fetching
from matrix.cli.equipment import make_build_environment
from matrix.cli.session import Session
from matrix.errors import BuildFailed, Problem
from matrix.index import settings
from matrix.manifest.model import Manifest
from matrix.plan.model import Build, Job, Plan


def partition_jobs(session: Session, plan: Plan) -> tuple[tuple[Job, ...], dict[Job, Availability]]:
    """Return the jobs that this machine can build, and the others with the reason."""
    workspace = make_workspace(session)
    used = {job.job_class for job in plan.jobs}
    availability_by_class = {
        job_class.id: check_availability(job_class, manifest=session.manifest, workspace=workspace)
        for job_class in plan.job_classes
        if job_class.id in used
    }
    here = tuple(job for job in plan.jobs if availability_by_class[job.job_class].is_available)
    elsewhere = {job: availability_by_class[job.job_class] for job in plan.jobs if job not in here}
    return here, elsewhere


def build_missing(
    session: Session, plan: Plan, jobs: Iterable[Job], *, previous: Path | None
) -> tuple[Path, ...]:
    """
    Build the wheels of ``jobs``, or reuse those that this machine has built from the same inputs.
    """
    reused = fetching.find_reused(plan, previous)
    workspace, manifest = make_workspace(session), apply_pip_options(session)

    def build_job(job: Job) -> tuple[Path, ...]:
        def reuse_or_build(build: Build, given: Sequence[Path]) -> tuple[Path, ...]:
            store = session.cache / "built" / _digest_keys(build, job, plan)
            place = describe_build(build, job)
            try:
                targets = find_targets(build, plan)
                wheels = check_outputs(store.rglob("*.whl"), build, targets, place=place)
            except BuildFailed:
                needed = select_prerequisites(
                    build, built=given, reused=reused, plan=plan, place=job.id
                )
                wheelhouse = fetching.fetch_wheelhouse(build, plan, session.index)
                task = Task(
                    build=build,
                    job=job,
                    plan=plan,
                    manifest=manifest,
                    prerequisites=needed,
                    wheelhouse=wheelhouse,
                )
                sdist = fetching.fetch_sdist(build, session.index)
                return run_build(task, sdist=sdist, out=store, workspace=workspace)
            session.reporter.say(f"built before: {build.label} of {job.id}")
            return wheels

        return build_in_order(job, reuse_or_build)

    return build_each(session, jobs, build_job)


def _digest_keys(build: Build, job: Job, plan: Plan) -> str:
    """Return one digest of all content keys of a build, with their targets."""
    keys = sorted(
        f"{cell.target} {cell.content_key}\n"
        for cell in plan.cells
        if (cell.job, cell.filename) == (job.id, build.sdist) and cell.target in build.targets
    )
    return hashlib.sha256("".join(keys).encode()).hexdigest()


def build_each(
    session: Session, jobs: Iterable[Job], build_job: Callable[[Job], tuple[Path, ...]]
) -> tuple[Path, ...]:
    """Build one job after the other; keep what succeeded, and report every failure at the end."""
    all_jobs = list(jobs)
    wheels: list[Path] = []
    problems: list[Problem] = []
    for job in session.reporter.each(all_jobs, total=len(all_jobs), what="jobs built"):
        try:
            wheels += build_job(job)
        except BuildFailed as error:
            problems += error.problems
    if problems:
        raise BuildFailed(*problems)
    return tuple(wheels)


def apply_pip_options(session: Session) -> Manifest:
    """Return the manifest with pip's own index where it names none."""
    network = settings.complete_network(session.manifest.network, session.pip_options)
    return dataclasses.replace(session.manifest, network=network)


def make_workspace(session: Session) -> Workspace:
    """Return this machine as a place to build."""
    return Workspace(
        host=Host.detect(),
        environment=make_build_environment(session),
        cache=session.cache / "build",
        logs=session.cache / "logs",
        reporter=session.reporter,
    )


def report_unavailable(session: Session, elsewhere: dict[Job, Availability]) -> None:
    """Name the jobs that other runners must build, and why."""
    for job, availability in elsewhere.items():
        hint = f" ({availability.hint})" if availability.hint else ""
        session.reporter.say(f"not built here: {job.id}: {availability.reason}{hint}")
