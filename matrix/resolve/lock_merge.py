"""The union of two locks that git could not merge, as pins for the next one."""

import dataclasses
from typing import TypeVar

from matrix.resolve.lock import Lock

_T = TypeVar("_T")


def merge(ours: Lock, theirs: Lock) -> Lock:
    """A lock that pins what either side pins; only its pins are meaningful."""
    return dataclasses.replace(
        ours,
        files=_unite(ours.files, theirs.files),
        solutions=_unite(ours.solutions, theirs.solutions),
        builds=_unite(ours.builds, theirs.builds),
        build_files=_unite(ours.build_files, theirs.build_files),
    )


def _unite(ours: tuple[_T, ...], theirs: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(ours + theirs))
