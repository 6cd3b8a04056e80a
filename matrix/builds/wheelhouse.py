"""
The build requirements of a build, as a directory of wheels beside its source.

With a complete wheelhouse a build needs no index, and in a container no network. The plan names the
wheels with digests, as the lock has resolved them. An unlocked build (the plan says why) takes the
missing build requirements from the index.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.errors import Problem, UsageError

WHEELHOUSE: Final = PurePosixPath("wheelhouse")
"""The directory's name, below the work directory of a build."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wheelhouse:
    """Local copies of build requirements; all of them when it ``is_complete``."""

    wheels: tuple[Path, ...] = ()
    is_complete: bool = False

    def pins(self) -> Iterator[str]:
        """
        One pin for each project of which there is one version: a constraint knows no targets.

        For hosts without containers, where pip sees the index beside the wheelhouse.
        """
        yield from pin_releases(map(parse_release, self.wheels))


EMPTY_WHEELHOUSE: Final = Wheelhouse()


def parse_release(path: Path) -> tuple[str, str]:
    """Project and version of the wheel at ``path``, by its name."""
    try:
        name = wheel.parse_filename(path.name)
    except InvalidWheel as error:
        raise UsageError(Problem(place=str(path), what=str(error))) from error
    return name.project, str(name.version)


def pin_releases(releases: Iterable[tuple[str, str]]) -> list[str]:
    """
    ``name==version`` of every project that has one version among ``releases``.

    >>> pin_releases([("six", "1.17"), ("cython", "3.1"), ("cython", "0.29")])
    ['six==1.17']
    """
    versions_by_project: dict[str, list[str]] = {}
    for project, version in sorted(set(releases)):
        versions_by_project.setdefault(project, []).append(version)
    return [
        f"{project}=={known[0]}"
        for project, known in versions_by_project.items()
        if len(known) == 1
    ]
