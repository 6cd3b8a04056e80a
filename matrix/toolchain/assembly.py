"""
Assemble a toolchain: determine its contents, fetch them, place them, and write the record.

The record is written last. A second run fetches only files that are missing or damaged.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.configurations.pip_settings import WHEELHOUSE
from matrix.edge import files
from matrix.edge.progress import Reporter
from matrix.errors import MatrixError, Problem
from matrix.resolve.lock import LockedFile
from matrix.targets.lanes import lanes as all_lanes
from matrix.toolchain import (
    closures,
    directory,
    downloads,
    needs,
    placement,
    resources,
    virtualenv_app,
)
from matrix.toolchain.directory import EarlierRun
from matrix.toolchain.document import (
    Content,
    Download,
    Missing,
    Toolchain,
)
from matrix.toolchain.needs import Closure, Need
from matrix.toolchain.resources import Resources, VirtualenvPin
from matrix.toolchain.tool_wheelhouse import CarriedTool, fetch_tool

if TYPE_CHECKING:
    from matrix.index.client import Index
    from matrix.index.transport import Transport

_LANE: Final = canonicalize_name("cibuildwheel")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the contents of a toolchain come from."""

    index: "Index"
    transport: "Transport"
    store: Path
    """A directory for downloads, which a second run reuses."""
    reporter: Reporter


def assemble(
    needed: Sequence[Need],
    images: Sequence[str],
    *,
    root: Path,
    sources: Sources,
    tool: CarriedTool | None = None,
) -> Toolchain:
    """Update ``root`` for ``needed`` and ``tool``, and return its contents and what is missing."""
    lanes = read_lanes(needed, sources.index)
    earlier = EarlierRun.read(root)
    resolution = closures.resolve_closures(
        needs.list_closures(needed, lanes), sources.index, reporter=sources.reporter
    )
    contents = list(_fetch_distributions(resolution.files, earlier, root=root, sources=sources))
    if tool:
        contents += fetch_tool(tool, earlier, root=root, index=sources.index)
    missing = list(resolution.missing)
    downloads = list(needs.list_downloads(needed, lanes))
    for pin, users in needs.list_virtualenvs(needed, lanes).items():
        download = needs.describe_application(pin, tuple(sorted(u.service for u in users)))
        application = _make_application(
            pin, users, lanes, download, earlier, root=root, sources=sources
        )
        contents += application
        downloads += [] if application else [download]
    placed, absent = _fetch_downloads(downloads, earlier, root=root, sources=sources)
    toolchain = Toolchain(
        services=tuple(need.service for need in needed),
        contents=tuple(sorted([*contents, *placed])),
        missing=tuple(sorted([*missing, *absent], key=lambda each: each.name)),
        images=tuple(images),
        tool=tool.requirements.content if tool else "",
    )
    earlier.remove_unused(toolchain, root=root)
    directory.write_record(toolchain, root=root)
    return toolchain


def read_lanes(needed: Sequence[Need], index: "Index") -> dict[str, Resources]:
    """Read the resources of every lane in ``needed``, and of one that names NuGet's feed."""
    used = sorted({need.service.lane for need in needed})
    resources_by_lane = {lane: _read_lane(lane, index) for lane in used}
    needs_feed = any(need.job_class.system == "windows" for need in needed)
    others = [lane.version for lane in all_lanes() if lane.version not in resources_by_lane]
    while needs_feed and others and not any(each.feed for each in resources_by_lane.values()):
        lane = others.pop(0)
        resources_by_lane[lane] = _read_lane(lane, index)
    return resources_by_lane


def _read_lane(lane: str, index: "Index") -> Resources:
    page = index.fetch_page(_LANE)
    for file in page.releases.get(Version(lane), ()) if page else ():
        if file.is_wheel:
            return resources.read_resources(index.fetch_file(file), lane=lane)
    what = f"the index has no wheel of cibuildwheel {lane}"
    raise MatrixError(Problem(place=index.address, what=what))


def _fetch_distributions(
    distributions: Sequence[LockedFile], earlier: EarlierRun, *, root: Path, sources: Sources
) -> Iterator[Content]:
    total = len(distributions)
    for file in sources.reporter.each(distributions, total=total, what="distributions"):
        path = f"{WHEELHOUSE}/{file.filename}"
        content = Content(path=path, sha256=file.sha256, size=0, source=file.filename)
        present = earlier.find_intact(file.filename, path, root=root)
        if present and present[0].sha256 == file.sha256:
            yield present[0]
            continue
        published = sources.index.find_file(file.project, file.filename)
        files.copy(sources.index.fetch_file(published), root / path, sha256=file.sha256)
        yield dataclasses.replace(content, size=(root / path).stat().st_size)


def _make_application(
    pin: VirtualenvPin,
    users: Sequence[Need],
    lanes: Mapping[str, Resources],
    download: Download,
    earlier: EarlierRun,
    *,
    root: Path,
    sources: Sources,
) -> tuple[Content, ...]:
    """Make the zip application from wheels; return nothing if the index lacks one."""
    present = earlier.find_intact(download.name, download.into, root=root)
    if present:
        return present
    host = needs.list_hosts(users)[0]
    lock = closures.resolve_closure(
        Closure(
            target=host,
            requirements=(Requirement(f"virtualenv=={pin.version}"),),
            pins=lanes[users[0].service.lane].list_pins(host),
            services=download.services,
        ),
        sources.index,
    )
    if lock.impossible or not all(file.is_wheel for file in lock.files):
        return ()
    published = (sources.index.find_file(file.project, file.filename) for file in lock.files)
    content = virtualenv_app.zip_application(sources.index.fetch_file(f) for f in published)
    files.write(root / download.into, content)
    return tuple(placement.list_contents(root / download.into, root=root, source=download.name))


def _fetch_downloads(
    needed: Sequence[Download], earlier: EarlierRun, *, root: Path, sources: Sources
) -> tuple[list[Content], list[Missing]]:
    contents: list[Content] = []
    absent = []
    for download in needed:
        present = earlier.find_intact(download.name, download.into, root=root)
        contents += present
        absent += [] if present else [download]
    answer_by_place = downloads.fetch_downloads(
        absent,
        transport=sources.transport,
        store=sources.store,
        reporter=sources.reporter,
    )
    missing = []
    for download in absent:
        answer = answer_by_place[download.into]
        if isinstance(answer, Path):
            try:
                contents += placement.place_file(download, answer, root=root)
            except placement.UnexpectedArchive as error:
                answer.unlink()
                answer = str(error)
        if isinstance(answer, str):
            missing.append(describe_missing(download, answer))
    return contents, missing


def describe_missing(download: Download, reason: str) -> Missing:
    """Return the record's entry for a download that could not be fetched."""
    return Missing(name=download.name, reason=reason, services=download.services, download=download)
