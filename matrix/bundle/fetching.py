"""Distributions that exist already: from the index, from earlier runs, or from a bundle."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.edge.progress import Reporter
from matrix.edge.quantities import count
from matrix.errors import NotVerified, Problem
from matrix.index.client import Index
from matrix.index.locked_file import fetch_locked_file
from matrix.plan.model import Cell, Plan, State

WORKERS: Final = 8
_HINT: Final = "wheelyard store fetch --plan plan/plan.json --out wheels, or --previous BUNDLE"


def fetch_published(plan: Plan, index: Index, reporter: Reporter) -> tuple[Path, ...]:
    """A local copy of every wheel that the plan takes from the index, sorted by filename."""
    wanted = {cell.filename: cell for cell in plan.cells if cell.state is State.PUBLISHED}
    cells = [wanted[name] for name in sorted(wanted)]
    with ThreadPoolExecutor(WORKERS) as pool:
        paths = pool.map(
            lambda cell: fetch_locked_file(index, cell.project, cell.filename, cell.sha256), cells
        )
        return tuple(reporter.each(paths, total=len(cells), what="published wheels"))


def find_reused(
    plan: Plan, previous: Path | None, *, fetched: Path | None = None
) -> tuple[Path, ...]:
    """
    The wheels that the plan reuses, their digests checked.

    They are in the directory ``fetched``, which ``store fetch`` has filled, or in the bundle at
    ``previous``.
    """
    wanted = {cell.filename: cell for cell in plan.cells if cell.state is State.REUSED}
    places = [fetched] if fetched is not None and fetched.is_dir() else []
    places += [previous] if previous else []
    if wanted and not places:
        what = f"the plan reuses {count(len(wanted), 'wheel')} of earlier runs, got none"
        raise NotVerified(Problem(place="reused", what=what, hint=_HINT))
    return tuple(_find(places, wanted[name]) for name in sorted(wanted))


def _find(places: Sequence[Path], cell: Cell) -> Path:
    for place in places:
        for path in (place / cell.filename, place / "files" / cell.filename):
            if path.is_file() and files.digest(path) == cell.sha256:
                return path
    what = f"expected {cell.filename} with sha256 {cell.sha256}, got another file or none"
    raise NotVerified(Problem(place=" and ".join(map(str, places)), what=what, hint=_HINT))
