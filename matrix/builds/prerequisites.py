"""
The wheels of the projects that a build waits for.

A build sees these wheels only, though the same job may have built more: what a neighbour built must
not decide what a build finds, or another shard would make another wheel.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.builds.wheelhouse import parse_release, pin_releases
from matrix.errors import Problem, UsageError
from matrix.plan.model import Build, Plan, State

WHEELS: Final = PurePosixPath("wheels")
"""The wheels' directory, below the work directory of a build."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisites:
    """Wheels that a build finds beside the index's wheels, and pins that make pip take them."""

    wheels: tuple[Path, ...] = ()
    pins: tuple[str, ...] = ()


NO_PREREQUISITES: Final = Prerequisites()


def select_prerequisites(
    build: Build, *, built: Sequence[Path], reused: Iterable[Path], plan: Plan, place: str
) -> Prerequisites:
    """
    The wheels that ``build`` needs, of those that its job has ``built`` and of the ``reused`` ones.

    Raises ``UsageError`` when it needs a wheel of the previous bundle and ``reused`` lacks it.
    """
    needed = {*build.after, *build.reused}
    owed = {
        (cell.project, cell.version)
        for cell in plan.cells
        if cell.project in needed
        and cell.target in build.targets
        and cell.state in {State.BUILD, State.REUSED}
    }
    wheels = {path.name: path for path in reused if parse_release(path) in owed}
    wheels |= {path.name: path for path in built}
    releases = {parse_release(path) for path in wheels.values()}
    if missing := sorted(set(build.reused) - {project for project, _ in releases}):
        what = f"{build.label} needs {', '.join(missing)} of the previous bundle, got none"
        raise UsageError(Problem(place=place, what=what, hint="--previous BUNDLE"))
    return Prerequisites(
        wheels=tuple(wheels[name] for name in sorted(wheels)), pins=tuple(pin_releases(releases))
    )
