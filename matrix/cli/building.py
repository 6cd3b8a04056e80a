"""What ``build`` and ``release`` share: the jobs of a plan on this machine."""

import dataclasses
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from matrix.builds import downloads
from matrix.builds.host import Host
from matrix.builds.job import build_job
from matrix.builds.local_store import LocalStore
from matrix.builds.workspace import Availability, Workspace, check_availability
from matrix.bundle import fetching
from matrix.cli.equipment import make_build_environment
from matrix.cli.session import Session
from matrix.errors import BuildFailed, Problem
from matrix.index import settings
from matrix.manifest.model import Manifest
from matrix.plan.model import Job, Plan

_LOG: Final = re.compile(r"read (?:.*[/\\])?([^/\\]+\.log)")


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

    def build(job: Job) -> tuple[Path, ...]:
        return build_job(
            job,
            plan=plan,
            manifest=manifest,
            sdist=lambda build: downloads.fetch_sdist(build, session.index),
            wheelhouse=lambda build: downloads.fetch_wheelhouse(build, plan, session.index),
            place=LocalStore(session.cache / "built", plan=plan, reporter=session.reporter),
            workspace=workspace,
            reused=reused,
        )

    return build_each(session, jobs, build)


def build_each(
    session: Session, jobs: Iterable[Job], build_job: Callable[[Job], tuple[Path, ...]]
) -> tuple[Path, ...]:
    """Build one job after the other; keep what succeeded, and report every failure at the end."""
    all_jobs = list(jobs)
    wheels: list[Path] = []
    problems: list[Problem] = []
    failed = 0
    for job in session.reporter.each(all_jobs, total=len(all_jobs), what="jobs ended"):
        try:
            wheels += build_job(job)
        except BuildFailed as error:
            failed += 1
            problems += (_name_artifact(problem, job, session) for problem in error.problems)
    if problems:
        session.reporter.say(f"jobs ended: {len(all_jobs)}, {failed} failed")
        raise BuildFailed(*problems)
    return tuple(wheels)


def _name_artifact(problem: Problem, job: Job, session: Session) -> Problem:
    """Name the artifact that a pipeline keeps a log in: its machine is gone when this is read."""
    facts = session.run_facts
    if facts is None:
        return problem
    attempt = f"logs-{job.id}.{facts.attempt}"
    where = f"artifact {attempt}" if facts.provider == "github" else "artifacts of this job"

    def name(text: str) -> str:
        file = _LOG.fullmatch(text)
        return f"read {file[1]} in the {where}" if file else text

    lines = tuple(map(name, problem.lines))
    return dataclasses.replace(problem, hint=name(problem.hint), lines=lines)


def apply_pip_options(session: Session) -> Manifest:
    """Return the manifest with pip's own index where it names none."""
    network = settings.complete_network(session.network, session.pip_options)
    return dataclasses.replace(session.manifest, network=network)


def make_workspace(session: Session) -> Workspace:
    """Return this machine as a place to build."""
    return Workspace(
        host=Host.detect(),
        environment=make_build_environment(session),
        cache=session.cache / "build",
        logs=session.cache / "logs",
        reporter=session.reporter,
        index=session.index,
    )


def report_unavailable(session: Session, availability_by_job: dict[Job, Availability]) -> None:
    """Name the jobs that other runners must build, and why."""
    for job, availability in availability_by_job.items():
        hint = f" ({availability.hint})" if availability.hint else ""
        session.reporter.say(f"not built here: {job.id}: {availability.reason}{hint}")
