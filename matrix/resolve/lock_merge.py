"""One lock to make the next one from, of the two that git could not merge."""

import dataclasses
from typing import TypeVar

from matrix.resolve.lock import Lock

_T = TypeVar("_T")


def both(ours: Lock, theirs: Lock) -> Lock:
    """A lock that pins what either side pins, and is for nothing else."""
    return dataclasses.replace(
        ours,
        files=_united(ours.files, theirs.files),
        solutions=_united(ours.solutions, theirs.solutions),
        builds=_united(ours.builds, theirs.builds),
        build_files=_united(ours.build_files, theirs.build_files),
    )


def _united(ours: tuple[_T, ...], theirs: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(ours + theirs))
