"""
What was built, compared with what the plan owes.

The comparison is by tags, not by names: one abi3 or ``py3-none`` wheel may answer several cells.
Anything missing, not asked for, or there twice with other bytes is named, and then there is no
bundle.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.build.durations import noted
from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel, Wheel
from matrix.errors import Incomplete, Problem
from matrix.plan.model import Cell, Plan, State
from matrix.targets.target import Target

Pair = tuple[str, str]
"""Project and target id."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWheel:
    """A wheel that a job made, and the cells that it answers."""

    path: Path
    wheel: Wheel
    cells: tuple[Cell, ...]
    seconds: int
    """What its build took; 0 when nobody knows."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What arrived, and the cells that stay empty with everybody's knowledge."""

    wheels: tuple[BuiltWheel, ...]
    allowed_missing: tuple[tuple[Cell, str], ...]
    """Cell and reason."""


def below(directory: Path) -> tuple[Path, ...]:
    """Every wheel file below ``directory``."""
    return tuple(directory.rglob("*.whl"))


def read(paths: Iterable[Path]) -> tuple[tuple[Path, Wheel], ...]:
    """
    The wheels at ``paths``, opened and checked, sorted by filename; the same bytes twice count
    once.
    """
    found: dict[str, tuple[Path, Wheel]] = {}
    problems = []
    for path in sorted(paths, key=lambda path: (path.name, str(path))):
        try:
            opened = wheel.read(path)
        except InvalidWheel as error:
            problems.append(Problem(place=path.name, what=str(error)))
            continue
        known = found.setdefault(opened.filename, (path, opened))
        if known[1].sha256 != opened.sha256:
            what = f"there twice with other bytes: {known[0]} and {path}"
            problems.append(Problem(place=path.name, what=what))
    if problems:
        raise Incomplete.of(problems)
    return tuple(found.values())


def collect(
    plan: Plan, arrived: Sequence[tuple[Path, Wheel]], *, allowed: Mapping[Pair, str]
) -> Collected:
    """
    Match what arrived with the plan's ``build`` cells.

    ``allowed`` are the pairs of project and target that may stay empty, with the reason that the
    record will carry. Raises ``Incomplete`` naming every wheel that is missing or was not planned.
    """
    owed = [cell for cell in plan.cells if cell.state is State.BUILD]
    ranks = {t.id: _ranks(t.python, t.platform) for t in plan.targets}
    answers: dict[str, list[Cell]] = {opened.filename: [] for _, opened in arrived}
    missing = []
    for cell in owed:
        best = _best(cell, arrived, ranks[cell.target])
        if best is None:
            missing.append(cell)
        else:
            answers[best].append(cell)
    refused = [cell for cell in missing if (cell.project, cell.target) not in allowed]
    unplanned = [name for name, cells in answers.items() if not cells]
    if refused or unplanned:
        raise _incomplete(refused, unplanned)
    return Collected(
        wheels=tuple(
            BuiltWheel(
                path=path,
                wheel=opened,
                cells=tuple(answers[opened.filename]),
                seconds=noted(path),
            )
            for path, opened in arrived
        ),
        allowed_missing=tuple((c, allowed[c.project, c.target]) for c in missing),
    )


def _ranks(python: str, platform: str) -> dict[str, int]:
    tags = Target.parse(python, platform).tags()
    return {str(tag): rank for rank, tag in enumerate(tags)}


def _best(
    cell: Cell, arrived: Iterable[tuple[Path, Wheel]], ranks: Mapping[str, int]
) -> str | None:
    fitting = [
        (min(ranks[str(tag)] for tag in opened.tags if str(tag) in ranks), opened.filename)
        for _, opened in arrived
        if opened.project == cell.project
        and str(opened.version) == cell.version
        and any(str(tag) in ranks for tag in opened.tags)
    ]
    return min(fitting)[1] if fitting else None


_HEADING: Final = "the built wheels do not match the plan"


def _incomplete(missing: Iterable[Cell], unplanned: Iterable[str]) -> Incomplete:
    rows = [f"  missing    {c.project} {c.version} for {c.target} (job {c.job})" for c in missing]
    rows += [f"  unplanned  {name}" for name in sorted(unplanned)]
    hint = "build the jobs that are named, or say --allow-missing PROJECT@TARGET"
    return Incomplete(Problem(place="", what="\n".join([f"{_HEADING}:", *rows]), hint=hint))
