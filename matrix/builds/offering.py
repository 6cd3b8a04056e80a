"""
The wheels that a build is given: those of the projects that it waits for.

Nothing else is offered, though more may lie in the same job: what a neighbour built must not decide
what a build finds, or another shard would make another wheel.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.builds.stock import pins, release
from matrix.errors import Problem, UsageError
from matrix.plan.model import Build, Plan, State

WHEELS: Final = PurePosixPath("wheels")
"""Where they lie in the directory of a run."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Wheels that a build finds beside the index's, and pins that make it take them."""

    wheels: tuple[Path, ...] = ()
    pins: tuple[str, ...] = ()


NOTHING_OFFERED: Final = Offered()


def offered(
    build: Build, *, made: Sequence[Path], carried: Iterable[Path], plan: Plan, place: str
) -> Offered:
    """
    What ``build`` is given of the wheels that its job has ``made`` and of those that came along.

    Raises ``UsageError`` when it needs a wheel of the previous bundle and nobody has brought one.
    """
    needed = {*build.after, *build.carried}
    owed = {
        (cell.project, cell.version)
        for cell in plan.cells
        if cell.project in needed
        and cell.target in build.targets
        and cell.state in {State.BUILD, State.REUSED}
    }
    wheels = {path.name: path for path in carried if release(path) in owed}
    wheels |= {path.name: path for path in made}
    releases = {release(path) for path in wheels.values()}
    if missing := sorted(set(build.carried) - {project for project, _ in releases}):
        what = f"{build.label} needs {', '.join(missing)} of the previous bundle, got none"
        raise UsageError(Problem(place=place, what=what, hint="--previous BUNDLE"))
    return Offered(
        wheels=tuple(wheels[name] for name in sorted(wheels)), pins=tuple(pins(releases))
    )
