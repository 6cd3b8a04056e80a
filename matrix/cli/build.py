"""``build``: one job of the plan, or every job that this machine can build."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.builds import downloads
from matrix.builds.job import build_job
from matrix.bundle import arrivals, fetching
from matrix.cli import twice
from matrix.cli.arguments import Common, PlanSource, add_plan_source, add_toolchain
from matrix.cli.building import (
    apply_pip_options,
    build_each,
    make_workspace,
    partition_jobs,
    report_unavailable,
)
from matrix.cli.deadline import find_deadline
from matrix.cli.session import Session, format_json
from matrix.cli.store_access import REUSED
from matrix.edge import files
from matrix.errors import MatrixError, Problem, UsageError, did_you_mean
from matrix.plan.model import Job, Plan, State

DESCRIPTION: Final = (
    "Build one job of the plan (an id, or a project), or every job that this machine can "
    "build. A build that fails does not stop the others."
)
EXAMPLES: Final = (
    "wheelyard build --local",
    "wheelyard build netifaces",
    "wheelyard build manylinux-x86-64-cibw4.00 --plan plan/plan.json --twice",
)
OUT: Final = Path("wheels")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    source: PlanSource
    job: str | None = None
    local: bool = False
    out: Path = OUT
    wheels: Path | None = None
    logs: Path | None = None
    minutes: int | None = None
    twice: bool = False
    put: bool = False
    toolchain: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("job", metavar="JOB", nargs="?", help="its id, or a project that it builds")
    which.add_argument("--local", action="store_true", help="every job that this machine can build")
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help="where the wheels are written; default: %(default)s",
    )
    parser.add_argument(
        "--wheels",
        type=Path,
        metavar="DIR",
        help="wheels from other jobs that these builds depend on",
    )
    parser.add_argument(
        "--logs", type=Path, metavar="DIR", help="default: logs in the cache directory"
    )
    parser.add_argument(
        "--minutes",
        type=int,
        metavar="N",
        help="stop after N minutes, and keep what was built until then",
    )
    parser.add_argument("--twice", action="store_true", help="build again and compare the bytes")
    parser.add_argument(
        "--put",
        action="store_true",
        help="hand what was built to the store, also when a build failed",
    )
    add_toolchain(parser)
    add_plan_source(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Build one job, or all that this machine can."""
    session.use_toolchain(arguments.toolchain)
    session.begin_to_ask_pip()
    plan = session.plan(arguments.source)
    if arguments.local:
        jobs, elsewhere = partition_jobs(session, plan)
        report_unavailable(session, elsewhere)
    else:
        jobs = find_jobs(plan, arguments.job or "")
    try:
        wheels = _build(session, plan, jobs, arguments)
    finally:
        if arguments.put:
            _put(session, arguments)
    names = [path.relative_to(arguments.out).as_posix() for path in wheels]
    session.show(
        format_json(names) if arguments.common.json else "\n".join(names) or "nothing to build here"
    )


def _put(session: Session, arguments: Arguments) -> None:
    """Hand what was built to the store; that this fails must not make the job red."""
    from matrix.cli import store  # noqa: PLC0415 - see ``cli.verbs``

    options = store.Arguments(
        common=arguments.common,
        action="put",
        wheels=arguments.out,
        plan=arguments.source.plan,
        expect=arguments.source.expect,
    )
    try:
        store.put_wheels(session, options)
    except MatrixError as error:
        for problem in error.problems:
            session.warn(problem)


def _build(
    session: Session, plan: Plan, jobs: Sequence[Job], arguments: Arguments
) -> tuple[Path, ...]:
    previous = arguments.source.previous
    reused = [*fetching.find_reused(plan, previous)] if previous else []
    if arguments.source.plan is not None:
        # ``plan`` has put the reused wheels that builds install beside the plan.
        digests = {cell.sha256 for cell in plan.cells if cell.state is State.REUSED}
        beside = arrivals.find_wheels(arguments.source.plan.parent / REUSED)
        reused += [path for path in beside if files.digest(path) in digests]
    if arguments.wheels is not None:
        reused += arrivals.find_wheels(arguments.wheels)
    deadline = find_deadline(arguments.minutes, session.environment)
    workspace = dataclasses.replace(make_workspace(session), deadline=deadline)
    if arguments.logs is not None:
        workspace = dataclasses.replace(workspace, logs=arguments.logs)
    manifest = apply_pip_options(session)

    def build_into(out: Path) -> tuple[Path, ...]:
        def build(job: Job) -> tuple[Path, ...]:
            return build_job(
                job,
                plan=plan,
                manifest=manifest,
                sdist=lambda build: downloads.fetch_sdist(build, session.index),
                wheelhouse=lambda build: downloads.fetch_wheelhouse(build, plan, session.index),
                place=out,
                workspace=workspace,
                reused=reused,
            )

        return build_each(session, jobs, build)

    wheels = build_into(arguments.out)
    if arguments.twice:
        twice.compare(wheels, build_into, cache=session.cache, reporter=session.reporter)
    return wheels


def find_jobs(plan: Plan, name: str) -> tuple[Job, ...]:
    """Return the job with that id, or every job that builds the project of that name."""
    project = canonicalize_name(name)
    jobs = tuple(
        job
        for job in plan.jobs
        if name == job.id or project in {build.project for build in job.builds}
    )
    if jobs:
        return jobs
    projects = {build.project for job in plan.jobs for build in job.builds}
    ids = [job.id for job in plan.jobs]
    known_jobs = f"known jobs: {', '.join(ids) or 'none, every wheel exists'}"
    hint = did_you_mean(name, [*ids, *sorted(projects)]) or known_jobs
    raise UsageError(Problem(place="build", what=f"the plan has no job {name!r}", hint=hint))
