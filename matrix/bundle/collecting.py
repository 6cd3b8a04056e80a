"""
The built wheels, compared with the wheels that the plan owes.

The comparison is by tags, not by names: one abi3 or ``py3-none`` wheel may answer several cells.
Every wheel that is missing, unplanned, or a duplicate with other bytes is named, and then there is
no bundle. Each job class builds its own copy of a universal wheel; one copy is taken, and answers
the cells of every class that built the same bytes.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from matrix.bundle.arrivals import Arrivals, Opened
from matrix.distributions.comparison import compare_wheels
from matrix.distributions.wheel import Wheel
from matrix.errors import Incomplete, Problem
from matrix.plan.handover import BuildNote, describe_wheel, read_note
from matrix.plan.model import Cell, JobClass, Plan, State
from matrix.targets.lanes import get_lane
from matrix.targets.target import Target, is_unrepaired

Pair = tuple[str, str]
"""Project and target id."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWheel:
    """A wheel that a job built, and the cells that it answers."""

    path: Path
    wheel: Wheel
    cells: tuple[Cell, ...]
    note: BuildNote


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The wheels of all jobs, and the cells that were allowed to stay empty."""

    wheels: tuple[BuiltWheel, ...]
    allowed_missing: tuple[tuple[Cell, str], ...]
    """Cell and reason."""


def collect(plan: Plan, arrivals: Arrivals, *, reason_by_pair: Mapping[Pair, str]) -> Collected:
    """
    Match the wheels that arrived with the plan's ``build`` cells.

    ``reason_by_pair`` names the pairs of project and target that may stay empty, with the reason
    for the record. Raises ``Incomplete`` naming every wheel that is missing, was not planned, or
    differs from the wheel that was tested on its target.
    """
    by_class = arrivals.wheels_by_class_by_filename
    taken = {name: _choose(plan, wheel_by_class) for name, wheel_by_class in by_class.items()}
    ranks = {t.id: _ranks(t.python, t.platform) for t in plan.targets}
    answers: dict[str, list[Cell]] = {}
    faults: dict[Cell, str] = {}
    used: set[Path] = set()
    for cell, best in match_cells(plan, arrivals):
        if best is None:
            elsewhere = _best(cell, taken.values(), ranks[cell.target])
            faults[cell] = _UNTESTED if elsewhere else _MISSING
            continue
        path, opened = taken[best[1].filename]
        used |= {path, best[0]}
        if difference := _describe_difference((path, opened), best):
            faults[cell] = f"differs from the wheel that was tested ({difference})"
        else:
            answers.setdefault(opened.filename, []).append(cell)
    refused = {c: why for c, why in faults.items() if (c.project, c.target) not in reason_by_pair}
    unplanned = {
        describe_wheel(path): _UNREPAIRED if is_unrepaired(opened.tags) else _UNPLANNED
        for many in by_class.values()
        for path, opened in many.values()
        if path not in used
    }
    if refused or unplanned:
        raise _incomplete(refused, unplanned)
    return Collected(
        wheels=tuple(
            BuiltWheel(path=path, wheel=opened, cells=tuple(answers[name]), note=read_note(path))
            for name, (path, opened) in sorted(taken.items())
            if name in answers
        ),
        allowed_missing=tuple((c, reason_by_pair[c.project, c.target]) for c in faults),
    )


def match_cells(plan: Plan, arrivals: Arrivals) -> Iterator[tuple[Cell, Opened | None]]:
    """Each cell that is built, with the wheel that its job has built and tested for it."""
    ranks = {t.id: _ranks(t.python, t.platform) for t in plan.targets}
    classes = {job.id: job.job_class for job in plan.jobs}
    wheels_by_release: dict[tuple[str, str, str], list[Opened]] = {}
    place: tuple[str, str, str]
    for job_class in {*classes.values()}:
        for opened in arrivals.of(job_class):
            place = (job_class, opened[1].project, str(opened[1].version))
            wheels_by_release.setdefault(place, []).append(opened)
    for cell in plan.cells:
        if cell.state is State.BUILD:
            place = (classes[cell.job], cell.project, cell.version)
            yield cell, _best(cell, wheels_by_release.get(place, ()), ranks[cell.target])


def _choose(plan: Plan, wheel_by_class: Mapping[str, Opened]) -> Opened:
    """The copy that the bundle gets: a container's before a host's, then the newest lane's."""
    ranked = [job_class.id for job_class in sorted(plan.job_classes, key=_precedence)]
    names = (*ranked, *wheel_by_class)
    return next(wheel_by_class[name] for name in names if name in wheel_by_class)


def _precedence(job_class: JobClass) -> tuple[bool, int, str]:
    return job_class.system != "linux", get_lane(job_class.lane).order, job_class.id


def _describe_difference(taken: Opened, tested: Opened) -> str:
    names = list(compare_wheels(taken, tested)) if taken[0] != tested[0] else []
    return ", ".join(names[:_NAMED]) + (" ..." if len(names) > _NAMED else "")


def _ranks(python: str, platform: str) -> dict[str, int]:
    tags = Target.parse(python, platform).build_tags()
    return {str(tag): rank for rank, tag in enumerate(tags)}


def _best(cell: Cell, wheels: Iterable[Opened], ranks: Mapping[str, int]) -> Opened | None:
    fitting = [
        (path, opened)
        for path, opened in wheels
        if opened.project == cell.project
        and str(opened.version) == cell.version
        and any(str(tag) in ranks for tag in opened.tags)
        and (not cell.build_tag or opened.build == (cell.build_tag, ""))
    ]

    def rank(candidate: Opened) -> tuple[int, str]:
        wheel = candidate[1]
        return min(ranks[str(tag)] for tag in wheel.tags if str(tag) in ranks), wheel.filename

    return min(fitting, key=rank, default=None)


_MISSING: Final = "missing"
_UNTESTED: Final = "untested"
_UNPLANNED: Final = "unplanned"
_UNREPAIRED: Final = "unrepaired"
_NAMED: Final = 3
_REMOVE: Final = "remove them: they come from another plan, or from a job that it does not name"
_HEADING: Final = "the built wheels do not match the plan"


def _incomplete(refused: Mapping[Cell, str], unplanned: Mapping[str, str]) -> Incomplete:
    rows = [
        f"{why:<9}  {c.project} {c.version} for {c.target} (job {c.job})"
        for c, why in refused.items()
    ]
    rows += [f"{why:<10} {name}" for name, why in sorted(unplanned.items())]
    hint = _suggest(refused) if refused else _REMOVE
    return Incomplete(Problem(place="", what=f"{_HEADING}:", hint=hint, lines=tuple(rows)))


def _suggest(refused: Mapping[Cell, str]) -> str:
    others = [c.project for c, why in refused.items() if why not in {_MISSING, _UNTESTED}]
    hint = "build these jobs again"
    if others:
        # The usual cause is a file whose text depends on the version of the build backend.
        pin = f"recipes: {{{others[0]}: {{requires: [TOOL<VERSION]}}}}"
        hint = f"pin the build tool for every job: {pin}"
    return f"{hint}, or pass --allow-missing PROJECT@TARGET"
