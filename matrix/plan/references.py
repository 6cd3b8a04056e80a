"""
What the types of a plan cannot say: rows refer to each other, and to what this program knows.

A plan that was written here never has such a fault; one that was edited, or that another version
wrote, may.
"""

from collections.abc import Iterator

from matrix.plan.model import Build, Plan
from matrix.targets.invalid import InvalidTarget
from matrix.targets.lanes import get_lane
from matrix.targets.target import Target


def find_fault(plan: Plan) -> str:
    """The place and the reason of the first fault; empty when there is none."""
    return next(_find_faults(plan), "")


def _find_faults(plan: Plan) -> Iterator[str]:
    yield from _check_targets(plan)
    targets = {target.id for target in plan.targets}
    jobs = {job.id for job in plan.jobs}
    for number, requirement in enumerate(plan.requirements):
        yield from _compare(f"requirements[{number}].targets", requirement.targets, targets)
    for number, cell in enumerate(plan.cells):
        yield from _compare(f"cells[{number}].target", (cell.target,), targets)
        yield from _compare(f"cells[{number}].job", filter(None, (cell.job,)), jobs)
    for number, job_class in enumerate(plan.job_classes):
        try:
            get_lane(job_class.lane)
        except InvalidTarget as error:
            yield f"job_classes[{number}].lane: {error}"
    classes = {job_class.id for job_class in plan.job_classes}
    files = {file.filename for file in plan.build_requirements}
    for number, job in enumerate(plan.jobs):
        yield from _compare(f"jobs[{number}].job_class", (job.job_class,), classes)
        for position, build in enumerate(job.builds):
            place = f"jobs[{number}].builds[{position}]"
            yield from _check_build(place, build, targets, files)


def _check_targets(plan: Plan) -> Iterator[str]:
    for number, planned in enumerate(plan.targets):
        try:
            target = Target.parse(planned.python, planned.platform)
        except InvalidTarget as error:
            yield f"targets[{number}]: {error}"
        else:
            if target.id != planned.id:
                yield f"targets[{number}].id: expected {target.id!r}, got {planned.id!r}"


def _check_build(place: str, build: Build, targets: set[str], files: set[str]) -> Iterator[str]:
    yield from _compare(f"{place}.targets", build.targets, targets)
    yield from _compare(f"{place}.build_requirements", build.build_requirements, files)


def _compare(place: str, names: Iterator[str] | tuple[str, ...], known: set[str]) -> Iterator[str]:
    yield from (f"{place}: the plan has no {name!r}" for name in names if name not in known)
