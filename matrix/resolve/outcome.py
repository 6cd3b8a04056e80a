"""How a search ends."""

import dataclasses
from collections.abc import Mapping

from packaging.utils import NormalizedName

from matrix.resolve.candidates import Offer
from matrix.resolve.deduction import Demand, Key


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """One offer for each project that the roots need at any distance."""

    offer_by_project: Mapping[NormalizedName, Offer]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unsolvable:
    """Roots that cannot all be had (one, when it fails by itself), and what shows it."""

    roots: tuple[str, ...]
    demands: tuple[tuple[Demand, int], ...]
    """Each with the versions of its parent that have it."""
    lacking_by_key: Mapping[Key, int]
    """The versions that nothing can be installed of, as far as they matter."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """The search was given up; these projects were in the way most often."""

    projects: tuple[NormalizedName, ...]
