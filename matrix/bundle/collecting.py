"""
What was built, compared with what the plan owes.

The comparison is by tags, not by names: one abi3 or ``py3-none`` wheel may answer several cells.
Anything missing, not asked for, or there twice with other bytes is named, and then there is no
bundle. Of a wheel that runs everywhere each job class has made its own; one is taken, and answers
the cells of every class that has made the same.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from matrix.builds import shared
from matrix.builds.durations import noted
from matrix.bundle.arriving import Arrived, Opened
from matrix.distributions.wheel import Wheel
from matrix.errors import Incomplete, Problem
from matrix.plan.model import Cell, JobClass, Plan, State
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


def collect(plan: Plan, arrived: Arrived, *, allowed: Mapping[Pair, str]) -> Collected:
    """
    Match what arrived with the plan's ``build`` cells.

    ``allowed`` are the pairs of project and target that may stay empty, with the reason that the
    record will carry. Raises ``Incomplete`` naming every wheel that is missing, was not planned, or
    is not what was tested where it goes.
    """
    taken = {name: _taken(plan, makers) for name, makers in arrived.wheels.items()}
    ranks = {t.id: _ranks(t.python, t.platform) for t in plan.targets}
    classes = {job.id: job.job_class for job in plan.jobs}
    answers: dict[str, list[Cell]] = {}
    faults: dict[Cell, str] = {}
    used: set[Path] = set()
    for cell in (cell for cell in plan.cells if cell.state is State.BUILD):
        best = _best(cell, arrived.of(classes[cell.job]), ranks[cell.target])
        if best is None:
            elsewhere = _best(cell, taken.values(), ranks[cell.target])
            faults[cell] = _UNTESTED if elsewhere else _MISSING
            continue
        path, opened = taken[best[1].filename]
        used |= {path, best[0]}
        if different := _different((path, opened), best):
            faults[cell] = f"other there ({different})"
        else:
            answers.setdefault(opened.filename, []).append(cell)
    refused = {c: why for c, why in faults.items() if (c.project, c.target) not in allowed}
    unplanned = [path for many in arrived.wheels.values() for path, _ in many.values()]
    unplanned = [path for path in unplanned if path not in used]
    if refused or unplanned:
        raise _incomplete(refused, map(shared.label, unplanned))
    return Collected(
        wheels=tuple(
            BuiltWheel(path=path, wheel=opened, cells=tuple(answers[name]), seconds=noted(path))
            for name, (path, opened) in sorted(taken.items())
            if name in answers
        ),
        allowed_missing=tuple((c, allowed[c.project, c.target]) for c in faults),
    )


def _taken(plan: Plan, makers: Mapping[str, Opened]) -> Opened:
    """The one that the bundle gets: a container's before any other machine's, the newest lane's."""
    ranked = [one.id for one in sorted(plan.classes, key=_precedence)]
    return next(makers[maker] for maker in (*ranked, *makers) if maker in makers)


def _precedence(job_class: JobClass) -> tuple[bool, list[int], str]:
    lane = [-int(number) for number in job_class.lane.split(".")]
    return job_class.system != "linux", lane, job_class.id


def _different(taken: Opened, tested: Opened) -> str:
    found = list(shared.differences(taken, tested)) if taken[0] != tested[0] else []
    return ", ".join(found[:_NAMED]) + (" ..." if len(found) > _NAMED else "")


def _ranks(python: str, platform: str) -> dict[str, int]:
    tags = Target.parse(python, platform).tags()
    return {str(tag): rank for rank, tag in enumerate(tags)}


def _best(cell: Cell, arrived: Iterable[Opened], ranks: Mapping[str, int]) -> Opened | None:
    fitting = [
        (path, opened)
        for path, opened in arrived
        if opened.project == cell.project
        and str(opened.version) == cell.version
        and any(str(tag) in ranks for tag in opened.tags)
    ]

    def place(one: Opened) -> tuple[int, str]:
        return min(ranks[str(t)] for t in one[1].tags if str(t) in ranks), one[1].filename

    return min(fitting, key=place, default=None)


_MISSING: Final = "missing"
_UNTESTED: Final = "untested"
_NAMED: Final = 3
_HEADING: Final = "the built wheels do not match the plan"


def _incomplete(refused: Mapping[Cell, str], unplanned: Iterable[str]) -> Incomplete:
    rows = [
        f"  {why:<9}  {c.project} {c.version} for {c.target} (job {c.job})"
        for c, why in refused.items()
    ]
    rows += [f"  unplanned  {name}" for name in sorted(unplanned)]
    others = [c.project for c, why in refused.items() if why not in {_MISSING, _UNTESTED}]
    hint = "build the jobs that are named"
    if others:
        # Most often a file that the backend writes, in the manner of its version.
        hint = f"recipes: {{{others[0]}: {{requires: [TOOL<VERSION]}}}} gives all the same tools"
    hint += ", or say --allow-missing PROJECT@TARGET"
    return Incomplete(Problem(place="", what="\n".join([f"{_HEADING}:", *rows]), hint=hint))
