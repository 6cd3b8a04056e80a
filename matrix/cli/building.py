"""``build``."""

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from matrix.build.answers import answers
from matrix.build.machine import Machine
from matrix.build.running import Availability, Workshop, can_build
from matrix.build.running import build as run_job
from matrix.bundle.fetching import sdist
from matrix.cli.session import Session, result
from matrix.errors import BuildFailed, Problem, UsageError
from matrix.index import configuration
from matrix.manifest.decoding import did_you_mean
from matrix.manifest.model import Manifest
from matrix.plan.model import Job, Plan
from matrix.targets.target import Target


def build(session: Session, asked: argparse.Namespace) -> None:
    """Build one job, or all that this machine can."""
    made = session.plan(asked)
    if asked.local:
        jobs, elsewhere = split(session, made)
        say_elsewhere(session, elsewhere)
    else:
        jobs = (_job(made, asked.job),)
    wheels = build_all(session, made, jobs, out=asked.out)
    names = [path.name for path in wheels]
    result(
        json.dumps(names, indent=1) if asked.json else "\n".join(names) or "nothing to build here"
    )


def split(session: Session, made: Plan) -> tuple[tuple[Job, ...], dict[Job, Availability]]:
    """The jobs that this machine can build, and the others with the reason."""
    shop = workshop(session)
    used = {job.job_class for job in made.jobs}
    answers = {
        job_class.id: can_build(job_class, manifest=session.manifest, workshop=shop)
        for job_class in made.classes
        if job_class.id in used
    }
    here = tuple(job for job in made.jobs if answers[job.job_class].is_available)
    elsewhere = {job: answers[job.job_class] for job in made.jobs if job not in here}
    return here, elsewhere


def build_all(session: Session, made: Plan, jobs: Iterable[Job], *, out: Path) -> tuple[Path, ...]:
    """Build ``jobs`` one after the other into ``out``; see ``_each``."""
    return _each(session, jobs, lambda job: _build(session, made, job, out))


def build_missing(session: Session, made: Plan, jobs: Iterable[Job]) -> tuple[Path, ...]:
    """
    The wheels of ``jobs``; what was built on this machine from the same inputs is taken as it is.
    """
    keys = {cell.job: cell.key for cell in made.cells if cell.job}

    def take_or_build(job: Job) -> tuple[Path, ...]:
        store = session.cache / "built" / keys[job.id]
        try:
            kept = answers(store.glob("*.whl"), job, targets_of(job, made))
        except BuildFailed:
            return _build(session, made, job, store)
        session.reporter.say(f"built before: {job.id}")
        return kept

    return _each(session, jobs, take_or_build)


def _build(session: Session, made: Plan, job: Job, out: Path) -> tuple[Path, ...]:
    source = sdist(job, session.index)
    shop, told = workshop(session), reaching(session)
    return run_job(job, plan=made, manifest=told, sdist=source, out=out, workshop=shop)


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


def targets_of(job: Job, made: Plan) -> tuple[Target, ...]:
    """The targets that ``job`` builds for."""
    return tuple(Target.parse(t.python, t.platform) for t in made.targets if t.id in job.targets)


def reaching(session: Session) -> Manifest:
    """The manifest with the index that pip is configured with, where it names none of its own."""
    network = configuration.network(session.manifest.network, session.pip_options)
    return dataclasses.replace(session.manifest, network=network)


def workshop(session: Session) -> Workshop:
    """The machine we are on, as a place to build."""
    return Workshop(
        machine=Machine.here(),
        environment=session.environment,
        cache=session.cache / "build",
        logs=session.cache / "logs",
        reporter=session.reporter,
    )


def say_elsewhere(session: Session, elsewhere: dict[Job, Availability]) -> None:
    """Name what other runners must build, and why."""
    for job, answer in elsewhere.items():
        hint = f" ({answer.hint})" if answer.hint else ""
        session.reporter.say(f"not built here: {job.id}: {answer.reason}{hint}")


def _job(made: Plan, name: str) -> Job:
    for job in made.jobs:
        if job.id == name:
            return job
    known = [job.id for job in made.jobs]
    hint = (
        did_you_mean(name, known) or f"known jobs: {', '.join(known) or 'none, every wheel exists'}"
    )
    raise UsageError(Problem(place="build", what=f"the plan has no job {name!r}", hint=hint))
