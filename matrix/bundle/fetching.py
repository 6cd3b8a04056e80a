"""Distributions that exist already: from the index by digest, or from an earlier bundle."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.edge.progress import Reporter
from matrix.errors import NotVerified, Problem
from matrix.index.client import Index
from matrix.index.locked_file import fetch_locked_file
from matrix.plan.model import Cell, Plan, State

WORKERS: Final = 8


def fetch_published(plan: Plan, index: Index, reporter: Reporter) -> tuple[Path, ...]:
    """A local copy of every wheel that the plan takes from the index, sorted by filename."""
    wanted = {cell.filename: cell for cell in plan.cells if cell.state is State.PUBLISHED}
    cells = [wanted[name] for name in sorted(wanted)]
    with ThreadPoolExecutor(WORKERS) as pool:
        paths = pool.map(
            lambda cell: fetch_locked_file(index, cell.project, cell.filename, cell.sha256), cells
        )
        return tuple(reporter.each(paths, total=len(cells), what="published wheels"))


def find_reused(plan: Plan, previous: Path | None) -> tuple[Path, ...]:
    """The wheels that the plan reuses from the bundle at ``previous``."""
    wanted = {cell.filename: cell for cell in plan.cells if cell.state is State.REUSED}
    if wanted and previous is None:
        what = f"the plan reuses {len(wanted)} wheels of an earlier bundle: --previous is required"
        raise NotVerified(Problem(place="--previous", what=what, hint="--previous BUNDLE"))
    return tuple(_find(previous, wanted[name]) for name in sorted(wanted) if previous)


def _find(previous: Path, cell: Cell) -> Path:
    path = previous / "files" / cell.filename
    if not path.is_file() or files.digest(path) != cell.sha256:
        what = f"expected {cell.filename} with sha256 {cell.sha256}, got another file or none"
        raise NotVerified(
            Problem(place=str(previous), what=what, hint=f"wheelyard verify {previous}")
        )
    return path
