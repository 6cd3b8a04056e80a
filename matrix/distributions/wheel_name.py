"""A wheel's filename, parsed (PEP 427)."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from packaging.tags import Tag
from packaging.utils import BuildTag, NormalizedName, parse_wheel_filename
from packaging.version import Version

from matrix.edge import limits
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    from collections.abc import Callable

Identity = tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]
"""Project, version, build tag and tags, however a filename spells them."""


class InvalidWheel(ValueError):
    """Not a wheel that an installer should accept."""


def blame(filename: str) -> Callable[[str], InvalidWheel]:
    """Make errors that name the wheel."""
    return lambda reason: InvalidWheel(f"{filename}: {reason}")


@dataclasses.dataclass(frozen=True)
class WheelName:
    """A wheel's filename, parsed."""

    filename: str
    project: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]

    @property
    def identity(self) -> Identity:
        """What two wheels of one release have in common that no index can tell apart."""
        return self.project, self.version, self.build, self.tags


def parse_filename(filename: str) -> WheelName:
    """The parts of a wheel's filename."""
    check_size(filename)
    with translate_errors(InvalidWheel):
        project, version, build, tags = parse_wheel_filename(filename)
    return WheelName(filename=filename, project=project, version=version, build=build, tags=tags)


def check_size(filename: str) -> None:
    """
    Raise ``InvalidWheel`` for a filename that no file system holds, or that stands for too many
    tags: each dot of its three tags multiplies them.
    """
    limits.check("wheel filename characters", len(filename), InvalidWheel)
    tags = filename.removesuffix(".whl").split("-")[-3:]
    limits.check("tags of a wheel", math.prod(tag.count(".") + 1 for tag in tags), InvalidWheel)


def runs_everywhere(filename: str) -> bool:
    """
    Whether a wheel of that name is pure: for every platform and every ABI.

    >>> runs_everywhere("six-1.17-py2.py3-none-any.whl"), runs_everywhere("a-1-py3-none-win32.whl")
    (True, False)
    """
    return filename.endswith("-none-any.whl")
