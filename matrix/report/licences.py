"""The licences that distributions of a plan state, and what the policy says about them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from packaging.utils import canonicalize_name

from matrix.distributions.core_metadata import StatedLicence, parse_fields, parse_licence
from matrix.distributions.sdist import InvalidSdist, read_pkg_info
from matrix.edge.progress import Reporter
from matrix.index.client import Index
from matrix.manifest.policy import Licences
from matrix.plan.model import Cell, Plan, State
from matrix.policy.licences import judge
from matrix.report.comparing import Release

WORKERS: Final = 8


def judge_licences(
    rules: Licences, licence_by_release: Mapping[Release, StatedLicence]
) -> dict[Release, str]:
    """Return the policy's refusal of or warning about each licence; none without a policy."""
    if not (rules.allow or rules.deny or rules.unknown):
        return {}
    judgements = {
        release: judge(licence, project=release[0], rules=rules)
        for release, licence in licence_by_release.items()
    }
    return {release: judged.refusal or judged.warning for release, judged in judgements.items()}


def fetch_licences(
    plan: Plan, releases: tuple[Release, ...], *, index: Index, reporter: Reporter
) -> Mapping[Release, StatedLicence]:
    """Return what one distribution of each release states; nothing for one that no index has."""
    sources = _find_sources(plan, frozenset(releases))
    with ThreadPoolExecutor(WORKERS) as pool:
        stated = pool.map(lambda cell: _fetch_licence(index, cell), sources.values())
        licences = reporter.each(stated, total=len(sources), what="licences read")
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
