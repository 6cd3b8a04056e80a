"""``report``."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli import policy_rules
from matrix.cli.arguments import Common, PlanSource, add_plan_source
from matrix.cli.session import Session, read_text
from matrix.edge import files
from matrix.policy import advisories
from matrix.policy.licences import words
from matrix.record.schema import FILENAME as RECORD
from matrix.report import comparing, licences, merge_request
from matrix.report import facts as gathering
from matrix.report.comparing import Holdings

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
    out: Path = OUT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--base", type=Path, metavar="FILE", help="compare with this lock, plan or bundle"
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
    plan = session.plan(arguments.source)
    base = read_base(arguments.base)
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
    )
    summary = merge_request.summary(facts)
    session.write(arguments.out / "summary.md", summary)
    session.write(arguments.out / merge_request.FULL, merge_request.full(facts))
    session.write(arguments.out / "report.json", gathering.dump(facts))
    if arguments.common.summary is not None:
        files.append(arguments.common.summary, summary)
    session.show(gathering.dump(facts) if arguments.common.json else summary)


def read_base(path: Path | None) -> Holdings | None:
    """Return what the lock, plan or bundle at ``path`` installs."""
    if path is None:
        return None
    file = path / RECORD if path.is_dir() else path
    return comparing.parse_holdings(read_text(file), name=path.name)
