"""
What can be said about versions, and how one thing follows from another.

A term is a whole number: the set of the versions of a project that are still possible, as bits (see
``shelf``), where "not chosen at all" counts as one more possibility that stands for all higher
bits. So -1 is "anything", 5 is "chosen, and the first or the third version", and ~5 "neither of
those two". Intersection is ``&``, the opposite is ``~``, and a project whose term is at least 0 is
chosen.
"""

import dataclasses
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

Key = tuple[NormalizedName, str]
"""A project and one extra of it, or "" for the project itself; ``ROOT`` and the name of a root."""

ROOT: Final = canonicalize_name("")
ANYTHING: Final = -1


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Demand:
    """
    That some release of ``parent`` needs ``child``, at a version that is ``admitted``;
    it is never changed (see ``trail.Step``).
    """

    parent: Key
    child: Key
    specifier: SpecifierSet
    admitted: int
    names_pre_releases: bool


@dataclasses.dataclass(slots=True, eq=False)
class Conflict:
    """
    Terms that cannot all hold, and how that is known: as a release's ``demand``, from two other
    conflicts, or (neither) because nothing can be installed of those versions.
    """

    versions_by_key: dict[Key, int]
    demand: Demand | None = None
    parts: tuple["Conflict", ...] = ()


def join(conflict: Conflict, cause: Conflict, key: Key, rest: int) -> Conflict:
    """What follows from two conflicts that say opposite things of ``key``, ``rest`` aside."""
    terms = {other: term for other, term in conflict.versions_by_key.items() if other != key}
    for other, term in cause.versions_by_key.items():
        if other != key:
            terms[other] = terms.get(other, ANYTHING) & term
    if rest:
        terms[key] = ~rest
    return Conflict(
        {other: term for other, term in terms.items() if term != ANYTHING},
        parts=(conflict, cause),
    )


def facts(conflict: Conflict) -> list[Conflict]:
    """The conflicts that were not concluded from others, of all that ``conflict`` follows from."""
    seen: dict[int, Conflict] = {}
    todo = [conflict]
    while todo:
        current = todo.pop()
        if id(current) not in seen:
            seen[id(current)] = current
            todo.extend(current.parts)
    return [each for each in seen.values() if not each.parts]
