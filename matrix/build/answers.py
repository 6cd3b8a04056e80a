"""Whether built wheels answer the targets they were built for: by their tags, and read whole."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.tags import Tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel, Wheel
from matrix.errors import BuildFailed, Problem
from matrix.plan.model import Job
from matrix.targets.target import Target


def answers(built: Iterable[Path], job: Job, targets: Sequence[Target]) -> tuple[Path, ...]:
    """
    Those of ``built`` that some target installs, sorted; others belong to nobody and are left out.

    Raises ``BuildFailed`` with every target that no wheel answers and every file that is not the
    job's.
    """
    problems: list[Problem] = []
    wheels: dict[Path, Wheel] = {}
    for path in sorted(built):
        try:
            wheels[path] = _read(path, job)
        except InvalidWheel as error:
            problems.append(Problem(place=job.id, what=f"{path.name}: {error}"))
    unanswered = [t for t in targets if not any(_installs(w, t) for w in wheels.values())]
    problems += [_unanswered(job, target, wheels.values()) for target in unanswered]
    if problems:
        raise BuildFailed.of(problems)
    return tuple(p for p, w in wheels.items() if any(_installs(w, t) for t in targets))


def _read(path: Path, job: Job) -> Wheel:
    read = wheel.read(path)
    if (read.project, read.version) != (canonicalize_name(job.project), Version(job.version)):
        got = f"{read.project} {read.version}"
        raise InvalidWheel(f"expected {job.project} {job.version}, got {got}")
    return read


def _installs(built: Wheel, target: Target) -> bool:
    return not built.tags.isdisjoint(tag for tag in target.tags() if _has_floor(tag))


def _has_floor(tag: Tag) -> bool:
    # pip takes linux_x86_64 anywhere on Linux, but such a wheel promises nothing about the C
    # library it needs.
    return not tag.platform.startswith("linux_")


def _unanswered(job: Job, target: Target, wheels: Iterable[Wheel]) -> Problem:
    interpreters = {(tag.interpreter, tag.abi) for tag in target.tags()}
    near = [
        built.filename
        for built in wheels
        if any((tag.interpreter, tag.abi) in interpreters for tag in built.tags)
    ]
    what = f"expected a wheel for {target.id}, got {', '.join(sorted(near)) or 'none'}"
    hint = f"build it in an image for {target.platform}: runners[].images" if near else ""
    return Problem(place=job.id, what=what, hint=hint)
