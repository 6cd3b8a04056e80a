"""Check that built wheels serve the targets that they were built for."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel, Wheel
from matrix.errors import BuildFailed, Problem
from matrix.plan.model import Build
from matrix.targets.target import Target


def check_outputs(
    built: Iterable[Path], build: Build, targets: Sequence[Target], *, place: str
) -> tuple[Path, ...]:
    """
    The wheels of ``built`` that some target installs, sorted; wheels for no target are left out.

    Raises ``BuildFailed`` with every target that no wheel serves and every file of another release;
    ``place`` names the build in messages.
    """
    problems: list[Problem] = []
    wheels: dict[Path, Wheel] = {}
    for path in sorted(built):
        try:
            wheels[path] = _read(path, build)
        except InvalidWheel as error:
            problems.append(Problem(place=place, what=f"{path.name}: {error}"))
    unserved = [t for t in targets if not any(_installs(w, t) for w in wheels.values())]
    problems += [_report_unserved(place, target, wheels.values()) for target in unserved]
    if problems:
        raise BuildFailed.of(problems)
    return tuple(p for p, w in wheels.items() if any(_installs(w, t) for t in targets))


def _read(path: Path, build: Build) -> Wheel:
    read = wheel.read(path)
    expected = (canonicalize_name(build.project), Version(build.version))
    if (read.project, read.version) != expected:
        raise InvalidWheel(f"expected {build.label}, got {read.project} {read.version}")
    return read


def _installs(built: Wheel, target: Target) -> bool:
    return not built.tags.isdisjoint(target.build_tags())


def _report_unserved(place: str, target: Target, wheels: Iterable[Wheel]) -> Problem:
    interpreters = {(tag.interpreter, tag.abi) for tag in target.tags()}
    near = [
        built.filename
        for built in wheels
        if any((tag.interpreter, tag.abi) in interpreters for tag in built.tags)
    ]
    what = f"expected a wheel for {target.id}, got {', '.join(sorted(near)) or 'none'}"
    hint = f"build it in an image for {target.platform}: runners[].images" if near else ""
    return Problem(place=place, what=what, hint=hint)
