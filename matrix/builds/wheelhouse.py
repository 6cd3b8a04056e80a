"""
The build requirements of a build, as a directory of wheels beside its source.

With a complete wheelhouse a build needs no index, and in a container no network. The plan names the
wheels with digests, as the lock has resolved them. An unlocked build (the plan says why) takes the
missing build requirements from the index.
"""

import dataclasses
from pathlib import Path
from typing import Final

from matrix.configurations.inputs import LockedWheel
from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.errors import Problem, UsageError


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wheelhouse:
    """Local copies of build requirements; all of them when it ``is_complete``."""

    wheels: tuple[Path, ...] = ()
    is_complete: bool = False


EMPTY_WHEELHOUSE: Final = Wheelhouse()


def describe_file(path: Path) -> LockedWheel:
    """The wheel at ``path`` by its name; raises ``UsageError`` for another file."""
    try:
        name = wheel.parse_filename(path.name)
    except InvalidWheel as error:
        raise UsageError(Problem(place=str(path), what=str(error))) from error
    return LockedWheel(project=name.project, version=str(name.version), filename=path.name)
