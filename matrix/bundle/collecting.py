"""
What was built, compared with what the plan owes.

The comparison is by tags, not by names: one abi3 or ``py3-none`` wheel may answer several cells.
Anything missing, not asked for, or there twice with other bytes is named, and then there is no
bundle. A wheel that several job classes share counts where the class of the target has tested it.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from matrix.build import trials
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


Opened = tuple[Path, Wheel]
Tested = tuple[str, str, str]
"""Job class, project and version."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Wheels that jobs have handed over, sorted by filename, and those that they only tested."""

    wheels: tuple[Opened, ...]
    trials: Mapping[Tested, Opened]


def below(directory: Path) -> tuple[Path, ...]:
    """Every wheel file below ``directory``."""
    return tuple(directory.rglob("*.whl"))


def read(paths: Iterable[Path]) -> Arrived:
    """The wheels at ``paths``, opened and checked; the same bytes twice count once."""
    found: dict[str, Opened] = {}
    tried: dict[Tested, Opened] = {}
    problems = []
    for path in sorted(paths, key=lambda path: (path.name, str(path))):
        try:
            opened = wheel.read(path)
        except InvalidWheel as error:
            problems.append(Problem(place=path.name, what=str(error)))
            continue
        if trials.is_trial(path):
            tried[trials.job_class(path), opened.project, str(opened.version)] = path, opened
            continue
        known = found.setdefault(opened.filename, (path, opened))
        if known[1].sha256 != opened.sha256:
            what = f"there twice with other bytes: {known[0]} and {path}"
            problems.append(Problem(place=path.name, what=what))
    if problems:
        raise Incomplete.of(problems)
    return Arrived(wheels=tuple(found.values()), trials=tried)


def collect(plan: Plan, arrived: Arrived, *, allowed: Mapping[Pair, str]) -> Collected:
    """
    Match what arrived with the plan's ``build`` cells.

    ``allowed`` are the pairs of project and target that may stay empty, with the reason that the
    record will carry. Raises ``Incomplete`` naming every wheel that is missing, was not planned, or
    was not tested where it goes.
    """
    owed = [cell for cell in plan.cells if cell.state is State.BUILD]
    ranks = {t.id: _ranks(t.python, t.platform) for t in plan.targets}
    by_name = {opened.filename: (path, opened) for path, opened in arrived.wheels}
    answers: dict[str, list[Cell]] = {name: [] for name in by_name}
    borrowing = _borrowing(plan)
    faults: dict[Cell, str] = {}
    for cell in owed:
        best = _best(cell, arrived.wheels, ranks[cell.target])
        job_class = borrowing.get((cell.filename, cell.target))
        if best is None:
            faults[cell] = "missing"
        elif job_class and (fault := _untested(cell, job_class, by_name[best], arrived.trials)):
            faults[cell] = fault
        else:
            answers[best].append(cell)
    refused = {c: why for c, why in faults.items() if (c.project, c.target) not in allowed}
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
            for path, opened in arrived.wheels
        ),
        allowed_missing=tuple((c, allowed[c.project, c.target]) for c in faults),
    )


def _borrowing(plan: Plan) -> Mapping[Pair, str]:
    """The class that must have tested a wheel which another hands over, by sdist and target."""
    return {
        (build.sdist, target): job.job_class
        for job in plan.jobs
        for build in job.builds
        if build.handed_by
        for target in build.targets
    }


def _untested(cell: Cell, job_class: str, handed: Opened, tried: Mapping[Tested, Opened]) -> str:
    """Why ``handed`` is not known to work on the cell's target; empty when it is."""
    trial = tried.get((job_class, cell.project, cell.version))
    if trial is None:
        return "untested"
    different = list(trials.differences(handed, trial))
    named = ", ".join(different[:_NAMED]) + (" ..." if len(different) > _NAMED else "")
    return f"other there ({named})" if different else ""


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


_NAMED: Final = 3
_HEADING: Final = "the built wheels do not match the plan"


def _incomplete(refused: Mapping[Cell, str], unplanned: Iterable[str]) -> Incomplete:
    rows = [
        f"  {why:<9}  {c.project} {c.version} for {c.target} (job {c.job})"
        for c, why in refused.items()
    ]
    rows += [f"  unplanned  {name}" for name in sorted(unplanned)]
    hint = "build the jobs that are named, or say --allow-missing PROJECT@TARGET"
    return Incomplete(Problem(place="", what="\n".join([f"{_HEADING}:", *rows]), hint=hint))
