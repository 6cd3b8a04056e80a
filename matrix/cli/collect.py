"""``collect``: the wheels of a directory against those that the plan requires."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.bundle import arrivals, collecting, job_artifacts
from matrix.bundle.collecting import Collected, Pair
from matrix.cli.arguments import Common, PlanSource, add_allow_missing, add_plan_source
from matrix.cli.session import Session, format_json
from matrix.edge.quantities import count
from matrix.errors import Problem, UsageError
from matrix.plan.model import Plan, State

DESCRIPTION: Final = (
    "Compare the wheels of a directory with those that the plan requires: missing, "
    "unplanned and differing wheels are errors, each named."
)
EXAMPLES: Final = ("wheelyard collect wheels --plan plan/plan.json",)


ALLOW_MISSING: Final = "WHEELYARD_ALLOW_MISSING"
"""Variable of a pipeline: the same as the options, separated by spaces or commas."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    source: PlanSource
    directory: Path
    allow_missing: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR", help="where the wheels are")
    add_allow_missing(parser)
    add_plan_source(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Compare a directory of wheels with the plan."""
    plan = session.plan(arguments.source)
    allowed = read_allowances(session, arguments.allow_missing, plan)
    collected = collect_wheels(session, plan, arguments.directory, reason_by_pair=allowed)
    names = [built.wheel.filename for built in collected.wheels]
    if arguments.common.json:
        missing = [f"{cell.project}@{cell.target}" for cell, _ in collected.allowed_missing]
        session.show(format_json({"wheels": names, "allowed_missing": missing}))
    else:
        session.show("\n".join([*names, f"{count(len(names), 'wheel')}, as planned"]))


def collect_wheels(
    session: Session, plan: Plan, directory: Path | None, *, reason_by_pair: Mapping[Pair, str]
) -> Collected:
    """
    Return the wheels of ``directory``, provided that they are those that the plan requires; None
    holds none.
    """
    paths = find_job_wheels(session, plan, directory) if directory else ()
    wheels = arrivals.read_wheels(paths)
    return collecting.collect(plan, wheels, reason_by_pair=reason_by_pair)


def find_job_wheels(session: Session, plan: Plan, directory: Path) -> tuple[Path, ...]:
    """Return the wheels of the plan's jobs below ``directory``; say what else is there."""
    wheels = job_artifacts.find_wheels(directory, (job.id for job in plan.jobs))
    for name in wheels.ignored:
        session.reporter.say(f"not read: {directory / name}, which is of no job of the plan")
    return wheels.paths


def list_owed(plan: Plan) -> set[Pair]:
    """Return the project and target of every cell that the plan builds."""
    return {(cell.project, cell.target) for cell in plan.cells if cell.state is State.BUILD}


def read_allowances(session: Session, options: Sequence[str], plan: Plan) -> dict[Pair, str]:
    """
    Return the pairs of ``--allow-missing`` and of the variable, with the reason for the record.

    Each option must name a wheel that the plan builds. The variable may stay set when a wheel is
    built again, so what it names in vain is a warning.
    """
    owed = list_owed(plan)
    reason_by_pair: dict[Pair, str] = {}
    facts = session.run_facts
    where = f"by {facts.address}" if facts else "when the bundle was sealed"
    for text in session.environment.get(ALLOW_MISSING, "").replace(",", " ").split():
        pair = _parse_pair(text)
        if pair in owed:
            reason_by_pair[pair] = f"allowed to be missing {where}, which has {ALLOW_MISSING} set"
        else:
            what = f"{ALLOW_MISSING}: {text!r} names nothing that the plan builds"
            session.warn(Problem(place="", what=what))
    for text in options:
        pair = _parse_pair(text)
        if pair not in owed:
            what = f"--allow-missing {text!r} names nothing that the plan builds"
            hint = "wheelyard plan, and see `to build`"
            raise UsageError(Problem(place="bundle", what=what, hint=hint))
        reason_by_pair[pair] = f"allowed to be missing {where}"
    return reason_by_pair


def _parse_pair(text: str) -> Pair:
    project, _, target = text.partition("@")
    return canonicalize_name(project), target
