"""
The wheels that a build may install, laid beside its source: then it needs no index, and in a
container no network.

The plan names them with digests, as the lock has resolved them. A build whose stock is incomplete
(the plan says why) takes what is missing from the index.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.errors import Problem, UsageError

WHEELHOUSE: Final = PurePosixPath("wheelhouse")
"""Where they lie in the directory of a run."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Local copies of ``Build.stock``; nothing else is needed when it ``is_complete``."""

    wheels: tuple[Path, ...] = ()
    is_complete: bool = False

    def pins(self) -> Iterator[str]:
        """
        One pin for each project of which there is one version: a constraint knows no targets.

        For machines without containers, where pip sees the index beside the stock.
        """
        yield from pins(map(release, self.wheels))


NO_STOCK: Final = Stock()


def release(path: Path) -> tuple[str, str]:
    """Project and version of the wheel at ``path``, by its name."""
    try:
        name = wheel.parse_filename(path.name)
    except InvalidWheel as error:
        raise UsageError(Problem(place=str(path), what=str(error))) from error
    return name.project, str(name.version)


def pins(releases: Iterable[tuple[str, str]]) -> list[str]:
    """
    ``name==version`` of every project that has one version among ``releases``.

    >>> pins([("six", "1.17"), ("cython", "3.1"), ("cython", "0.29")])
    ['six==1.17']
    """
    versions: dict[str, list[str]] = {}
    for project, version in sorted(set(releases)):
        versions.setdefault(project, []).append(version)
    return [f"{name}=={found[0]}" for name, found in versions.items() if len(found) == 1]
