"""``build``."""

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from matrix.builds.host import Host
from matrix.builds.invocation import run_build
from matrix.builds.job import build_in_order, build_job
from matrix.builds.outputs import check_outputs
from matrix.builds.prerequisites import select_prerequisites
from matrix.builds.task import Task, describe_build, find_targets
from matrix.builds.workspace import Availability, Workspace, check_availability
from matrix.bundle import arrivals, fetching
from matrix.cli import twice
from matrix.cli.session import Session, result
from matrix.edge import files
from matrix.errors import BuildFailed, Problem, UsageError
from matrix.index import configuration
from matrix.manifest.decoding import did_you_mean
from matrix.manifest.model import Manifest
from matrix.plan.model import Build, Job, Plan
from matrix.report import failed_builds


def build(session: Session, asked: argparse.Namespace) -> None:
    """Build one job, or all that this machine can."""
    made = session.plan(asked)
    if asked.local:
        jobs, elsewhere = split(session, made)
        say_elsewhere(session, elsewhere)
    else:
        jobs = named(made, asked.job)
    carried = [*fetching.find_reused(made, asked.previous)] if asked.previous else []
    if asked.wheels is not None:
        carried += arrivals.find_wheels(asked.wheels)
    shop = workshop(session)
    if asked.logs is not None:
        shop = dataclasses.replace(shop, logs=asked.logs)

    def make(out: Path) -> tuple[Path, ...]:
        return _each(
            session,
            jobs,
            lambda job: _build(session, made, job, out=out, carried=carried, shop=shop),
        )

    try:
        wheels = make(asked.out)
        if asked.twice:
            twice.compare(wheels, make, cache=session.cache, reporter=session.reporter)
    except BuildFailed as error:
        if asked.github_summary is not None:
            files.append(asked.github_summary, failed_builds.markdown(error.problems))
        raise
    names = [path.relative_to(asked.out).as_posix() for path in wheels]
    result(
        json.dumps(names, indent=1) if asked.json else "\n".join(names) or "nothing to build here"
    )


def split(session: Session, made: Plan) -> tuple[tuple[Job, ...], dict[Job, Availability]]:
    """The jobs that this machine can build, and the others with the reason."""
    shop = workshop(session)
    used = {job.job_class for job in made.jobs}
    check_outputs = {
        job_class.id: check_availability(job_class, manifest=session.manifest, workspace=shop)
        for job_class in made.classes
        if job_class.id in used
    }
    here = tuple(job for job in made.jobs if check_outputs[job.job_class].is_available)
    elsewhere = {job: check_outputs[job.job_class] for job in made.jobs if job not in here}
    return here, elsewhere


def build_missing(
    session: Session, made: Plan, jobs: Iterable[Job], *, previous: Path | None
) -> tuple[Path, ...]:
    """
    The wheels of ``jobs``; what was built on this machine from the same inputs is taken as it is.
    """
    carried = fetching.find_reused(made, previous)
    shop, told = workshop(session), reaching(session)

    def run(job: Job) -> tuple[Path, ...]:
        def take_or_build(build: Build, given: Sequence[Path]) -> tuple[Path, ...]:
            store = session.cache / "built" / _key(build, job, made)
            place = describe_build(build, job)
            try:
                targets = find_targets(build, made)
                kept = check_outputs(store.rglob("*.whl"), build, targets, place=place)
            except BuildFailed:
                needed = select_prerequisites(
                    build, built=given, reused=carried, plan=made, place=job.id
                )
                stock = fetching.fetch_wheelhouse(build, made, session.index)
                one = Task(
                    build=build,
                    job=job,
                    plan=made,
                    manifest=told,
                    prerequisites=needed,
                    wheelhouse=stock,
                )
                source = fetching.fetch_sdist(build, session.index)
                return run_build(one, sdist=source, out=store, workspace=shop)
            session.reporter.say(f"built before: {build.label} of {job.id}")
            return kept

        return build_in_order(job, take_or_build)

    return _each(session, jobs, run)


def _key(build: Build, job: Job, made: Plan) -> str:
    """One digest of all content keys of a build, with their targets."""
    keys = sorted(
        f"{cell.target} {cell.key}\n"
        for cell in made.cells
        if (cell.job, cell.filename) == (job.id, build.sdist) and cell.target in build.targets
    )
    return hashlib.sha256("".join(keys).encode()).hexdigest()


def _build(
    session: Session,
    made: Plan,
    job: Job,
    *,
    out: Path,
    carried: Sequence[Path],
    shop: Workspace,
) -> tuple[Path, ...]:
    return build_job(
        job,
        plan=made,
        manifest=reaching(session),
        sdist=lambda build: fetching.fetch_sdist(build, session.index),
        wheelhouse=lambda build: fetching.fetch_wheelhouse(build, made, session.index),
        out=out,
        workspace=shop,
        reused=carried,
    )


def _each(
    session: Session, jobs: Iterable[Job], make: Callable[[Job], tuple[Path, ...]]
) -> tuple[Path, ...]:
    """One job after the other; every failure is told at the end, and what succeeded is kept."""
    listed = list(jobs)
    wheels: list[Path] = []
    problems: list[Problem] = []
    for job in session.reporter.each(listed, total=len(listed), what="jobs built"):
        try:
            wheels += make(job)
        except BuildFailed as error:
            problems += error.problems
    if problems:
        raise BuildFailed(*problems)
    return tuple(wheels)


def reaching(session: Session) -> Manifest:
    """The manifest with the index that pip is configured with, where it names none of its own."""
    network = configuration.network(session.manifest.network, session.pip_options)
    return dataclasses.replace(session.manifest, network=network)


def workshop(session: Session) -> Workspace:
    """The machine we are on, as a place to build."""
    return Workspace(
        host=Host.detect(),
        environment=session.build_environment,
        cache=session.cache / "build",
        logs=session.cache / "logs",
        reporter=session.reporter,
    )


def say_elsewhere(session: Session, elsewhere: dict[Job, Availability]) -> None:
    """Name what other runners must build, and why."""
    for job, answer in elsewhere.items():
        hint = f" ({answer.hint})" if answer.hint else ""
        session.reporter.say(f"not built here: {job.id}: {answer.reason}{hint}")


def named(made: Plan, name: str) -> tuple[Job, ...]:
    """The job with that id, or every job that builds the project of that name."""
    project = canonicalize_name(name)
    jobs = tuple(
        job
        for job in made.jobs
        if name == job.id or project in {build.project for build in job.builds}
    )
    if jobs:
        return jobs
    projects = {build.project for job in made.jobs for build in job.builds}
    ids = [job.id for job in made.jobs]
    known = f"known jobs: {', '.join(ids) or 'none, every wheel exists'}"
    hint = did_you_mean(name, [*ids, *sorted(projects)]) or known
    raise UsageError(Problem(place="build", what=f"the plan has no job {name!r}", hint=hint))
