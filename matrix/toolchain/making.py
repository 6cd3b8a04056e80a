"""
Make a toolchain: find out what belongs into it, fetch, put in place, and write down what is there.

The record is written last. A second run keeps what the first has put in place and finds intact, and
asks only for the rest.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.builds.lane_install import WHEELHOUSE
from matrix.edge import files
from matrix.edge.progress import Reporter
from matrix.errors import MatrixError, Problem
from matrix.resolve.lock import LockedFile
from matrix.targets.lanes import lanes as all_lanes
from matrix.toolchain import (
    closures,
    directory,
    expanding,
    fetching,
    needs,
    resources,
    virtualenv_app,
)
from matrix.toolchain.directory import Known
from matrix.toolchain.model import (
    Content,
    Download,
    Missing,
    Toolchain,
)
from matrix.toolchain.needs import Closure, Wanted
from matrix.toolchain.resources import Resources, VirtualenvPin

if TYPE_CHECKING:
    from matrix.index.client import Index
    from matrix.index.transport import Transport

_LANE: Final = canonicalize_name("cibuildwheel")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a toolchain's contents come from."""

    index: "Index"
    transport: "Transport"
    store: Path
    """Where downloads wait for whoever asks again."""
    reporter: Reporter


def make(
    asked: Sequence[Wanted], images: Sequence[str], *, root: Path, sources: Sources
) -> Toolchain:
    """Bring ``root`` up to date for ``asked``, and return what is there and what is missing."""
    lanes = lane_resources(asked, sources.index)
    known = Known.of(root)
    solved = closures.solve(needs.closures(asked, lanes), sources.index, reporter=sources.reporter)
    contents = list(_wheels(solved.files, known, root=root, sources=sources))
    missing = list(solved.missing)
    wanted_files = list(needs.downloads(asked, lanes))
    for pin, users in needs.virtualenvs(asked, lanes).items():
        download = needs.application(pin, tuple(sorted(one.service for one in users)))
        made = _application(pin, users, lanes, download, known, root=root, sources=sources)
        contents += made
        wanted_files += [] if made else [download]
    placed, absent = _downloads(wanted_files, known, root=root, sources=sources)
    made_now = Toolchain(
        services=tuple(one.service for one in asked),
        contents=tuple(sorted([*contents, *placed])),
        missing=tuple(sorted([*missing, *absent], key=lambda one: one.name)),
        images=tuple(images),
    )
    known.forget(made_now, root=root)
    directory.write(made_now, root=root)
    return made_now


def lane_resources(asked: Iterable[Wanted], index: "Index") -> dict[str, Resources]:
    """The facts of every lane that is asked for, and of one that names NuGet's feed."""
    found = {lane: _resources(lane, index) for lane in sorted({o.service.lane for o in asked})}
    needs_feed = any(one.job_class.system == "windows" for one in asked)
    others = [lane.version for lane in all_lanes() if lane.version not in found]
    while needs_feed and others and not any(one.feed for one in found.values()):
        lane = others.pop(0)
        found[lane] = _resources(lane, index)
    return found


def _resources(lane: str, index: "Index") -> Resources:
    page = index.page(_LANE)
    for file in page.releases.get(Version(lane), ()) if page else ():
        if file.is_wheel:
            return resources.read(index.distribution(file), lane=lane)
    what = f"expected the wheel of cibuildwheel {lane}, got an index without it"
    raise MatrixError(Problem(place=index.address, what=what))


def _wheels(
    found: Iterable[LockedFile], known: Known, *, root: Path, sources: Sources
) -> Iterator[Content]:
    listed = list(found)
    for file in sources.reporter.each(listed, total=len(listed), what="distributions"):
        path = f"{WHEELHOUSE}/{file.filename}"
        content = Content(path=path, sha256=file.sha256, size=0, source=file.filename)
        kept = known.intact(file.filename, path, root=root)
        if kept and kept[0].sha256 == file.sha256:
            yield kept[0]
            continue
        published = sources.index.find(file.project, file.filename)
        files.copy(sources.index.distribution(published), root / path, sha256=file.sha256)
        yield dataclasses.replace(content, size=(root / path).stat().st_size)


def _application(
    pin: VirtualenvPin,
    users: Sequence[Wanted],
    lanes: Mapping[str, Resources],
    download: Download,
    known: Known,
    *,
    root: Path,
    sources: Sources,
) -> tuple[Content, ...]:
    """The zip application made of the index's wheels; nothing where the index lacks one."""
    kept = known.intact(download.name, download.into, root=root)
    if kept:
        return kept
    host = needs.hosts(users)[0]
    solved = closures.solution(
        Closure(
            target=host,
            requirements=(Requirement(f"virtualenv=={pin.version}"),),
            pins=lanes[users[0].service.lane].pins(host),
            services=download.services,
        ),
        sources.index,
    )
    if solved.impossible or not all(file.is_wheel for file in solved.files):
        return ()
    found = (sources.index.find(file.project, file.filename) for file in solved.files)
    content = virtualenv_app.application(sources.index.distribution(file) for file in found)
    files.write(root / download.into, content)
    return tuple(expanding.contents(root / download.into, root=root, source=download.name))


def _downloads(
    asked: Sequence[Download], known: Known, *, root: Path, sources: Sources
) -> tuple[list[Content], list[Missing]]:
    contents: list[Content] = []
    open_ones = []
    for download in asked:
        kept = known.intact(download.name, download.into, root=root)
        contents += kept
        open_ones += [] if kept else [download]
    answers = fetching.fetch(
        open_ones,
        transport=sources.transport,
        store=sources.store,
        reporter=sources.reporter,
    )
    missing = []
    for download in open_ones:
        answer = answers[download.into]
        if isinstance(answer, Path):
            try:
                contents += expanding.place(download, answer, root=root)
            except expanding.NotExpandable as error:
                answer.unlink()
                answer = str(error)
        if isinstance(answer, str):
            missing.append(absent(download, answer))
    return contents, missing


def absent(download: Download, reason: str) -> Missing:
    """What stands in the record for a download that could not be had."""
    return Missing(name=download.name, reason=reason, services=download.services, download=download)
