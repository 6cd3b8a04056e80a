"""A plan, seen whole or by one project."""

from collections import Counter
from collections.abc import Iterable, Iterator

from matrix.plan.model import Cell, Job, JobClass, Plan, State
from matrix.report.tables import megabytes, table

_ORDER = tuple(State)


def overview(plan: Plan) -> str:
    """Cells by target and state, then what must be built and what cannot be."""
    counts: dict[str, Counter[State]] = {target.id: Counter() for target in plan.targets}
    for cell in plan.cells:
        counts[cell.target][cell.state] += 1
    rows = [[name, *(str(counted[s]) for s in _ORDER)] for name, counted in counts.items()]
    whole = Counter(cell.state for cell in plan.cells)
    rows.append(["all", *(str(whole[state]) for state in _ORDER)])
    parts = [
        _heading(plan),
        table(["target", *_ORDER], rows),
        *_section("to build", (_job(job, plan) for job in plan.jobs)),
        *_section("impossible", _reasons(plan, State.IMPOSSIBLE)),
        *_section("excluded", _reasons(plan, State.EXCLUDED)),
    ]
    return "\n".join(parts)


def _heading(plan: Plan) -> str:
    counts = {
        "requirements": len(plan.wishes),
        "targets": len(plan.targets),
        "cells": len(plan.cells),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"{plan.bundle}: {told}, {megabytes(published_size(plan))} to fetch\n"


def published_size(plan: Plan) -> int:
    """Bytes of the wheels that the plan takes from the index, each file counted once."""
    found = {State.UNIVERSAL, State.PUBLISHED}
    return sum({c.filename: c.size for c in plan.cells if c.state in found}.values())


def _section(heading: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield f"{heading}:\n" + "".join(f"  {line}\n" for line in listed)


def _job(job: Job, plan: Plan) -> str:
    return f"{job.id}: {', '.join(job.targets)} ({machine(class_of(job, plan))})"


def class_of(job: Job, plan: Plan) -> JobClass:
    """The job class that ``job`` names."""
    return next(one for one in plan.classes if one.id == job.job_class)


def machine(job_class: JobClass) -> str:
    """A job class in words: which runner, which cibuildwheel."""
    labels = ", ".join(job_class.github or job_class.gitlab_tags) or job_class.gitlab_image
    return f"{job_class.system} runner {labels}, cibuildwheel {job_class.lane}"


def _reasons(plan: Plan, state: State) -> Iterator[str]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for cell in plan.cells:
        if cell.state is state:
            grouped.setdefault((cell.project, cell.reason), []).append(cell.target)
    for (project, reason), targets in grouped.items():
        yield f"{project} on {', '.join(targets)}: {reason}"


def explanation(plan: Plan, project: str, target: str = "") -> str:
    """
    Everything the plan knows of ``project``: who asks, what each target gets and why, how to build
    it.
    """
    cells = [c for c in plan.cells if c.project == project and target in {"", c.target}]
    jobs = {job.id: job for job in plan.jobs}
    parts = [f"{project}\n", *_section("asked for by", _askers(plan, project))]
    parts += _section("targets", (_cell(cell) for cell in cells))
    for name in sorted({cell.job for cell in cells if cell.job}):
        parts += _section(f"job {name}", _job_facts(jobs[name], plan))
    return "\n".join(parts)


def _askers(plan: Plan, project: str) -> Iterator[str]:
    roots = [wish for wish in plan.wishes if wish.root == project]
    yield from (f"packages.yaml: {', '.join(wish.requirements)}" for wish in roots)
    if not roots:
        yield "other requirements, as a dependency (see `pins` in packages.lock)"


def _cell(cell: Cell) -> str:
    what = " ".join(part for part in (cell.version, cell.filename) if part)
    return f"{cell.target}: {cell.state} {what}".rstrip() + f" ({cell.reason})"


def _job_facts(job: Job, plan: Plan) -> Iterator[str]:
    job_class = class_of(job, plan)
    yield f"sdist       {job.sdist} sha256:{job.sha256}"
    yield f"identifiers {' '.join(job.identifiers)}"
    yield f"runner      {machine(job_class)}"
    if job_class.image:
        yield f"image       {job_class.image}"
    yield f"reproduce   python -m matrix build {job.id}"
