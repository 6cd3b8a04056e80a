"""``report``."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli import policy_rules, report_base, stale_lock
from matrix.cli.arguments import Common, PlanSource, add_plan_source
from matrix.cli.session import Session, read_text
from matrix.edge import files
from matrix.errors import Problem, UsageError
from matrix.plan.model import Plan
from matrix.policy import advisories
from matrix.policy.licences import words
from matrix.record.schema import FILENAME as RECORD
from matrix.report import comparing, licences, merge_request
from matrix.report import facts as gathering
from matrix.report.comparing import Holdings
from matrix.report.junit import render_junit
from matrix.report.outcomes import read_outcomes
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock

UNKNOWN: Final = "unknown"


OUT: Final = Path("report")
DESCRIPTION: Final = (
    "Write what a change brings, for its merge request: summary.md (at most 65,000 "
    "characters), report.md (everything) and report.json."
)
EXAMPLES: Final = (
    "wheelyard report --base base.lock",
    "wheelyard report --plan plan/plan.json --base base/plan.json --out report",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    source: PlanSource
    base: Path | None = None
    osv: Path | None = None
    result: Path | None = None
    junit: Path | None = None
    out: Path = OUT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--base",
        type=Path,
        metavar="FILE",
        help="compare with this lock, plan or bundle; default: the lock that a merge request "
        "is merged into",
    )
    parser.add_argument(
        "--result",
        type=Path,
        metavar="DIR",
        help="the artifacts of the builds, which have ended: say which of them made no wheel",
    )
    parser.add_argument(
        "--junit", type=Path, metavar="FILE", help="write the builds of --result as JUnit"
    )
    parser.add_argument(
        "--osv", type=Path, metavar="PATH", help="OSV records: a zip file or a directory"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help="where the report is written; default: %(default)s",
    )
    add_plan_source(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Write the report of a plan; nothing depends on it."""
    _require_result(arguments)
    plan = session.plan(arguments.source)
    outcomes = () if arguments.result is None else read_outcomes(plan, arguments.result)
    if arguments.junit is not None:
        session.write(arguments.junit, render_junit(outcomes))
    base = read_base(arguments.base) or report_base.find_base(session)
    osv = (
        policy_rules.read_snapshot(session)
        if arguments.osv is None
        else advisories.read(arguments.osv)
    )
    stated = licences.fetch_licences(
        plan,
        gathering.find_added_releases(plan, base),
        index=session.index,
        reporter=session.reporter,
    )
    facts = gathering.gather(
        plan,
        base=base,
        licence_by_release={
            release: words(licence) or UNKNOWN for release, licence in stated.items()
        },
        osv=osv,
        doubt_by_release=licences.judge_licences(session.manifest.policy.licences, stated),
        lock=_find_lock(session, plan, arguments.source),
        lock_state=_judge_lock(session, arguments.source),
        outcomes=outcomes,
    )
    _write(session, facts, arguments)


def _require_result(arguments: Arguments) -> None:
    if arguments.junit is not None and arguments.result is None:
        what = "`--junit` needs the builds of `--result`"
        hint = "wheelyard report --result wheels --junit junit.xml"
        raise UsageError(Problem(place="report", what=what, hint=hint))


def _write(session: Session, facts: gathering.Facts, arguments: Arguments) -> None:
    summary = merge_request.summary(facts)
    session.write(arguments.out / "summary.md", summary)
    session.write(arguments.out / merge_request.FULL, merge_request.full(facts))
    session.write(arguments.out / "report.json", gathering.dump(facts))
    if arguments.common.summary is not None:
        files.append(arguments.common.summary, summary)
    session.show(gathering.dump(facts) if arguments.common.json else summary)


def _find_lock(session: Session, plan: Plan, source: PlanSource) -> Lock | None:
    """Return the lock that ``plan`` was made from, beside the plan or beside the manifest."""
    beside = [source.plan.parent / lockfile.FILENAME] if source.plan else []
    for path in (*beside, session.lock_path):
        if path.is_file() and files.digest(path) == plan.lock_sha256:
            return lockfile.load(path)
    return None


def _judge_lock(session: Session, source: PlanSource) -> gathering.LockState:
    """Return whether the committed lock answers the manifest, and the patch if it does not."""
    differences = stale_lock.list_differences(session, session.present_lock())
    has_patch = source.plan is not None and (source.plan.parent / stale_lock.PATCH).is_file()
    return gathering.LockState(
        filename=session.lock_path.name,
        patch=stale_lock.PATCH if differences and has_patch else "",
        differences=differences,
        is_refused=stale_lock.is_refused(session),
    )


def read_base(path: Path | None) -> Holdings | None:
    """Return what the lock, plan or bundle at ``path`` installs."""
    if path is None:
        return None
    file = path / RECORD if path.is_dir() else path
    return comparing.parse_holdings(read_text(file), name=path.name)
