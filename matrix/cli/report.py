"""``report``."""

import argparse
import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.cli import policy_rules
from matrix.cli.arguments import Common, PlanSource, add_plan_source
from matrix.cli.session import Session, read_text
from matrix.distributions.core_metadata import StatedLicence, parse_fields, parse_licence
from matrix.distributions.sdist import InvalidSdist, read_pkg_info
from matrix.edge import files
from matrix.index.client import Index
from matrix.manifest.policy import Licences
from matrix.plan.model import Cell, Plan, State
from matrix.policy import advisories
from matrix.policy.licences import judge, words
from matrix.record.schema import FILENAME as RECORD
from matrix.report import comparing, merge_request
from matrix.report import facts as gathering
from matrix.report.comparing import Holdings, Release

WORKERS: Final = 8
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
    summary: Path | None = None


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
    parser.add_argument("--summary", type=Path, metavar="FILE", help="append the summary to FILE")
    add_plan_source(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Write the report of a plan; nothing depends on it."""
    plan = session.plan(arguments.source)
    base = _read_base(arguments.base)
    osv = (
        policy_rules.read_snapshot(session)
        if arguments.osv is None
        else advisories.read(arguments.osv)
    )
    stated = _fetch_licences(session, plan, gathering.find_added_releases(plan, base))
    facts = gathering.gather(
        plan,
        base=base,
        licence_by_release={
            release: words(licence) or UNKNOWN for release, licence in stated.items()
        },
        osv=osv,
        doubt_by_release=_judge_licences(session.manifest.policy.licences, stated),
    )
    summary = merge_request.summary(facts)
    session.write(arguments.out / "summary.md", summary)
    session.write(arguments.out / merge_request.FULL, merge_request.full(facts))
    session.write(arguments.out / "report.json", gathering.dump(facts))
    if arguments.summary is not None:
        files.append(arguments.summary, summary)
    session.show(gathering.dump(facts) if arguments.common.json else summary)


def _read_base(path: Path | None) -> Holdings | None:
    if path is None:
        return None
    file = path / RECORD if path.is_dir() else path
    return comparing.parse_holdings(read_text(file), name=path.name)


def _judge_licences(rules: Licences, stated: Mapping[Release, StatedLicence]) -> dict[Release, str]:
    """Return the policy's refusal of or warning about each licence; none without a policy."""
    if not (rules.allow or rules.deny or rules.unknown):
        return {}
    judgements = {
        release: judge(licence, project=release[0], rules=rules)
        for release, licence in stated.items()
    }
    return {release: judged.refusal or judged.warning for release, judged in judgements.items()}


def _fetch_licences(
    session: Session, plan: Plan, releases: tuple[Release, ...]
) -> Mapping[Release, StatedLicence]:
    """Return what one distribution of each release states; nothing for one that no index has."""
    sources = _find_sources(plan, frozenset(releases))
    with ThreadPoolExecutor(WORKERS) as pool:
        stated = pool.map(lambda cell: _fetch_licence(session.index, cell), sources.values())
        licences = session.reporter.each(stated, total=len(sources), what="licences read")
        licence_by_release = dict(zip(sources, licences, strict=True))
    return {release: licence_by_release.get(release, StatedLicence()) for release in releases}


def _find_sources(plan: Plan, releases: frozenset[Release]) -> dict[Release, Cell]:
    """Return a distribution of each release: the first wheel on the index, else the sdist."""
    cell_by_release: dict[Release, Cell] = {}
    for cell in sorted(plan.cells, key=lambda c: (c.state is not State.PUBLISHED, c.filename)):
        if (
            cell.state in {State.PUBLISHED, State.BUILD}
            and (cell.project, cell.version) in releases
        ):
            cell_by_release.setdefault((cell.project, cell.version), cell)
    return cell_by_release


def _fetch_licence(index: Index, cell: Cell) -> StatedLicence:
    file = index.find_file(canonicalize_name(cell.project), cell.filename)
    if file.is_wheel:
        return parse_licence(index.fetch_fields(file))
    try:
        pkg_info = read_pkg_info(index.fetch_file(file))
    except (InvalidSdist, OSError):
        return StatedLicence()
    return StatedLicence() if pkg_info is None else parse_licence(parse_fields(pkg_info))
