"""``report``."""

import argparse
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.cli import policing
from matrix.cli.session import Session, read_text, result
from matrix.distributions.core_metadata import StatedLicence, parse_fields, parse_licence
from matrix.distributions.sdist import InvalidSdist, unpack
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


def report(session: Session, asked: argparse.Namespace) -> None:
    """Write what a merge request must know of a plan; nothing of it decides anything."""
    made = session.plan(asked)
    base = _base(asked.base)
    osv = advisories.read(asked.osv) if asked.osv is not None else policing.snapshot(session)
    stated = _stated(session, made, gathering.find_added_releases(made, base))
    facts = gathering.gather(
        made,
        base=base,
        licences={release: words(one) or UNKNOWN for release, one in stated.items()},
        osv=osv,
        doubts=_doubts(session.manifest.policy.licences, stated),
    )
    summary = merge_request.summary(facts)
    session.write(asked.out / "summary.md", summary)
    session.write(asked.out / merge_request.FULL, merge_request.full(facts))
    session.write(asked.out / "report.json", gathering.dump(facts))
    if asked.github_summary is not None:
        files.append(asked.github_summary, summary)
    result(gathering.dump(facts) if asked.json else summary)


def _base(path: Path | None) -> Holdings | None:
    if path is None:
        return None
    file = path / RECORD if path.is_dir() else path
    return comparing.parse_holdings(read_text(file), name=path.name)


def _doubts(rules: Licences, stated: Mapping[Release, StatedLicence]) -> dict[Release, str]:
    """What the policy has against a licence, where it has licences of its own."""
    if not (rules.allow or rules.deny or rules.unknown):
        return {}
    told = {release: judge(one, project=release[0], rules=rules) for release, one in stated.items()}
    return {release: one.refusal or one.warning for release, one in told.items()}


def _stated(
    session: Session, made: Plan, releases: tuple[Release, ...]
) -> Mapping[Release, StatedLicence]:
    """What one distribution of each release states; a release on no index states nothing here."""
    sources = _sources(made, frozenset(releases))
    with ThreadPoolExecutor(WORKERS) as pool:
        stated = pool.map(lambda cell: _licence(session.index, cell), sources.values())
        told = session.reporter.each(stated, total=len(sources), what="licences read")
        known = dict(zip(sources, told, strict=True))
    return {release: known.get(release, StatedLicence()) for release in releases}


def _sources(made: Plan, releases: frozenset[Release]) -> dict[Release, Cell]:
    """A distribution of each release: the first wheel on the index, else the sdist."""
    found: dict[Release, Cell] = {}
    wheels = {State.UNIVERSAL, State.PUBLISHED}
    for cell in sorted(made.cells, key=lambda c: (c.state not in wheels, c.filename)):
        if cell.state in {*wheels, State.BUILD} and (cell.project, cell.version) in releases:
            found.setdefault((cell.project, cell.version), cell)
    return found


def _licence(index: Index, cell: Cell) -> StatedLicence:
    file = index.find(canonicalize_name(cell.project), cell.filename)
    if file.is_wheel:
        return parse_licence(index.stated(file))
    with tempfile.TemporaryDirectory() as directory:
        try:
            top = unpack(index.distribution(file), Path(directory))
            return parse_licence(parse_fields((top / "PKG-INFO").read_bytes()))
        except (InvalidSdist, OSError):
            return StatedLicence()
