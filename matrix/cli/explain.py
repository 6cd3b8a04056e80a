"""``explain``: who requires a project, and how each target gets it."""

import argparse
import dataclasses
import shlex
from typing import Final

from packaging.utils import canonicalize_name

from matrix.cli.arguments import Common, PlanSource, add_plan_source
from matrix.cli.session import Session, format_json
from matrix.errors import Problem, UsageError, did_you_mean
from matrix.manifest.filename import DEFAULT
from matrix.report import explanation
from matrix.resolve import freshness, lockfile
from matrix.resolve.lock import Lock

DESCRIPTION: Final = (
    "Show who requires a project and through what, what decides each target, what its "
    "builds wait for, what waits for them, and the command that reproduces a job."
)
EXAMPLES: Final = (
    "wheelyard explain lxml",
    "wheelyard explain lxml cp312-manylinux_2_28_x86_64",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    source: PlanSource
    project: str
    target: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT", help="a name, in any spelling")
    parser.add_argument(
        "target", metavar="TARGET", nargs="?", default="", help="default: every target"
    )
    add_plan_source(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Show who requires a project and how each target gets it."""
    plan, project = session.plan(arguments.source), canonicalize_name(arguments.project)
    projects = {cell.project for cell in plan.cells}
    if project not in projects:
        hint = did_you_mean(project, projects)
        raise UsageError(Problem(place="explain", what=f"the plan has no {project!r}", hint=hint))
    targets = {target.id for target in plan.targets}
    if arguments.target and arguments.target not in targets:
        hint = did_you_mean(arguments.target, targets) or "wheelyard targets"
        what = f"the plan has no target {arguments.target!r}"
        raise UsageError(Problem(place="explain", what=what, hint=hint))
    explained = explanation.explain(
        plan,
        project,
        manifest=session.manifest,
        lock=_read_lock(session, arguments.source),
        target=arguments.target,
        options=_format_options(arguments),
    )
    if arguments.common.json:
        session.show(format_json(dataclasses.asdict(explained)))
    else:
        session.show(explanation.text(explained, plan))


def _read_lock(session: Session, source: PlanSource) -> Lock:
    """Read the lock that the plan was made from: `plan --out` writes it beside the plan."""
    beside = source.plan.parent / lockfile.FILENAME if source.plan else session.lock_path
    path = beside if beside.exists() else session.lock_path
    lock = lockfile.load(path)
    return freshness.require_fresh(session.manifest, lock, source=path.name)


def _format_options(arguments: Arguments) -> str:
    """The options with which another command finds the same files."""
    path_by_option = {
        "--manifest": arguments.common.manifest,
        "--plan": arguments.source.plan,
        "--previous": arguments.source.previous,
    }
    return "".join(
        f" {option} {shlex.quote(str(path))}"
        for option, path in path_by_option.items()
        if path not in {None, DEFAULT}
    )
