"""
The wheels of the projects that a build waits for.

A build sees these wheels only, though the same job may have built more: what a neighbour built must
not decide what a build finds, or another shard would make another wheel.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from matrix.builds.wheelhouse import describe_file
from matrix.errors import Problem, UsageError
from matrix.plan.model import Build, Plan, State


def select_prerequisites(
    build: Build, *, built: Sequence[Path], reused: Iterable[Path], plan: Plan, place: str
) -> tuple[Path, ...]:
    """
    The wheels that ``build`` needs, of those that its job has ``built`` and of the ``reused`` ones.

    Raises ``UsageError`` when it needs a wheel of an earlier run and ``reused`` lacks it.
    """
    needed = {*build.after, *build.reused}
    owed = {
        (cell.project, cell.version)
        for cell in plan.cells
        if cell.project in needed
        and cell.target in build.targets
        and cell.state in {State.BUILD, State.REUSED}
    }
    wheels = {path.name: path for path in reused if _parse_release(path) in owed}
    wheels |= {path.name: path for path in built}
    projects = {_parse_release(path)[0] for path in wheels.values()}
    if missing := sorted(set(build.reused) - projects):
        what = f"{build.label} needs {', '.join(missing)} of an earlier run, got none"
        hint = "--previous BUNDLE, or the directory that `wheelyard plan --out DIR` wrote"
        raise UsageError(Problem(place=place, what=what, hint=hint))
    return tuple(wheels[name] for name in sorted(wheels))


def _parse_release(path: Path) -> tuple[str, str]:
    wheel = describe_file(path)
    return wheel.project, wheel.version
