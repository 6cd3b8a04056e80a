"""Distributions that exist already: from the index by digest, or from an earlier bundle."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.builds.wheelhouse import Wheelhouse
from matrix.edge import files
from matrix.edge.progress import Reporter
from matrix.errors import DigestMismatch, NotVerified, Problem
from matrix.index.client import Index
from matrix.plan.model import Build, Cell, Plan, State

WORKERS: Final = 8


def fetch_published(plan: Plan, index: Index, reporter: Reporter) -> tuple[Path, ...]:
    """A local copy of every wheel that the plan takes from the index, sorted by filename."""
    wanted = {
        cell.filename: cell
        for cell in plan.cells
        if cell.state in {State.PUBLISHED, State.UNIVERSAL}
    }
    cells = [wanted[name] for name in sorted(wanted)]
    with ThreadPoolExecutor(WORKERS) as pool:
        paths = pool.map(
            lambda cell: _fetch(index, cell.project, cell.filename, cell.sha256), cells
        )
        return tuple(reporter.each(paths, total=len(cells), what="published wheels"))


def find_reused(plan: Plan, previous: Path | None) -> tuple[Path, ...]:
    """The wheels that the plan reuses from the bundle at ``previous``."""
    wanted = {cell.filename: cell for cell in plan.cells if cell.state is State.REUSED}
    if wanted and previous is None:
        what = f"the plan reuses {len(wanted)} wheels of an earlier bundle: --previous is required"
        raise NotVerified(Problem(place="--previous", what=what, hint="--previous BUNDLE"))
    return tuple(_find(previous, wanted[name]) for name in sorted(wanted) if previous)


def fetch_sdist(build: Build, index: Index) -> Path:
    """A local copy of the sdist of ``build``, its digest checked."""
    return _fetch(index, build.project, build.sdist, build.sha256)


def fetch_wheelhouse(build: Build, plan: Plan, index: Index) -> Wheelhouse:
    """Local copies of what ``build`` and its smoke test install, digests checked."""
    wanted = [file for file in plan.build_requirements if file.filename in build.build_requirements]
    with ThreadPoolExecutor(WORKERS) as pool:
        paths = pool.map(lambda f: _fetch(index, f.project, f.filename, f.sha256), wanted)
        return Wheelhouse(wheels=tuple(paths), is_complete=not build.unlocked)


def _fetch(index: Index, project: str, filename: str, sha256: str) -> Path:
    file = index.find_file(canonicalize_name(project), filename)
    if file.sha256 != sha256:
        # Before a byte is fetched: the index itself lists other bytes than the lock.
        raise DigestMismatch(
            Problem(
                place=filename,
                what=f"expected sha256 {sha256}, got {file.sha256} from {index.address}",
                hint=f"find out who replaced it; then wheelyard lock --upgrade {project}",
            )
        )
    return index.fetch_file(file)


def _find(previous: Path, cell: Cell) -> Path:
    path = previous / "files" / cell.filename
    if not path.is_file() or files.digest(path) != cell.sha256:
        what = f"expected {cell.filename} with sha256 {cell.sha256}, got another file or none"
        raise NotVerified(
            Problem(place=str(previous), what=what, hint=f"wheelyard verify {previous}")
        )
    return path
