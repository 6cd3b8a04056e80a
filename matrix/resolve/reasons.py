"""
Why there is no solution, in words that a person can act on.

A failed search leaves the facts that show it, often hundreds. What is told is the shortest way
through them: from a root to the first requirement that nothing answers, always by the newest
release that matters; else the two requirements that disagree.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from packaging.utils import NormalizedName

from matrix.resolve.deduction import ROOT, Demand
from matrix.resolve.outcome import Undecided, Unsolvable
from matrix.resolve.provider import Provider
from matrix.resolve.shelf import newest, places

_SHOWN = 4


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A requirement, and the releases through which it is asked for, nearest first."""

    demand: Demand
    through: tuple[str, ...]

    @property
    def project(self) -> NormalizedName:
        return self.demand.child[0]

    def __str__(self) -> str:
        """The requirement, as whoever asks wrote it."""
        project, extra = self.demand.child
        return f"{project}{f'[{extra}]' if extra else ''}{self.demand.specifier}"

    @property
    def by(self) -> str:
        """Who asks; nothing for a root."""
        return f" (asked for by {' <- '.join(self.through)})" if self.through else ""


def sentence(failure: Unsolvable | Undecided, provider: Provider) -> str:
    """What stood in the way."""
    if isinstance(failure, Undecided):
        about = ", ".join(failure.projects)
        return f"undecided after many conflicts about {about}; pin some of these closer"
    asked: list[_Asked] = []
    for one in _reached(failure, provider):
        if not one.demand.admitted & ~_lacking(failure, one):
            return _missing(one, provider)
        asked.append(one)
    return _disagreement(asked, failure) or _all_of(asked)


def _lacking(failure: Unsolvable, asked: _Asked) -> int:
    return failure.lacking.get(asked.demand.child, 0) | failure.lacking.get((asked.project, ""), 0)


def _reached(failure: Unsolvable, provider: Provider) -> Iterator[_Asked]:
    """The requirements that matter, nearest to the roots first."""
    seen: set[Demand] = set()
    todo = [
        _Asked(demand=demand, through=())
        for name in failure.roots
        for demand, _ in failure.demands
        if demand.parent == (ROOT, name)
    ]
    for asked in todo:  # grows while it is walked
        if asked.demand in seen:
            continue
        seen.add(asked.demand)
        yield asked
        key, possible = asked.demand.child, asked.demand.admitted & ~_lacking(failure, asked)
        further = [(d, having & possible) for d, having in failure.demands if d.parent == key]
        if restricted := [having for _, having in further if having]:
            place = min(map(newest, restricted))
            name = f"{asked.project} {provider.shelf(asked.project).versions[place]}"
            # An extra needs its own project, which is nothing to tell.
            todo += [
                _Asked(
                    demand=demand,
                    through=(
                        asked.through
                        if demand.child[0] == asked.project
                        else (name, *asked.through)
                    ),
                )
                for demand, having in further
                if having >> place & 1
            ]


def _missing(asked: _Asked, provider: Provider) -> str:
    """Why nothing answers one requirement."""
    shelf = provider.shelf(asked.project)
    admitted, specifier = asked.demand.admitted, asked.demand.specifier
    if not shelf.versions:
        return f"the index has no project {asked.project!r}{asked.by}"
    if not admitted and (early := shelf.admitted(specifier)):
        newest_early = shelf.versions[newest(early)]
        return (
            f"only pre-releases of {asked.project!r} satisfy {specifier}{asked.by}; newest is "
            f"{newest_early}, for those who name one"
        )
    if not admitted:
        return (
            f"no release of {asked.project!r} satisfies {specifier}{asked.by}; "
            f"newest is {shelf.versions[0]}"
        )
    first, *others = places(admitted)
    why = f"{asked.project} {shelf.versions[first]}{provider.lack(asked.project, first)}"
    asked_for = f" ({asked} is{asked.by[2:-1]})" if asked.through else ""
    asked_for = asked_for.replace("isasked", "is asked")
    return f"{why}{_too(others)}{_fitting(asked, provider)}{asked_for}"


def _too(others: Sequence[int]) -> str:
    """Say that the release that was named is not the only one."""
    if not others:
        return ""
    return f"; {len(others)} older " + (
        "releases do not fit either" if len(others) > 1 else "release does not fit either"
    )


def _fitting(asked: _Asked, provider: Provider) -> str:
    """The newest release that there would be for somebody who asks for less."""
    shelf = provider.shelf(asked.project)
    for place in places(shelf.everything & ~asked.demand.admitted & ~shelf.pre_releases):
        offer = provider.offer(asked.project, place)
        if offer is not None and not offer.file.is_yanked:
            return f"; the newest that fits is {offer.version}"
    return ""


def _disagreement(asked: Sequence[_Asked], failure: Unsolvable) -> str:
    pairs = [
        (one, other)
        for one, other in itertools.combinations(asked, 2)
        if one.project == other.project
        and not one.demand.admitted & other.demand.admitted & ~_lacking(failure, one)
    ]
    if not pairs:
        return ""
    one, other = min(pairs, key=lambda pair: sum(len(each.through) for each in pair))
    said = sorted({f"{one}{one.by}", f"{other}{other.by}"})
    return f"{' and '.join(said)} have no version in common"


def _all_of(asked: Sequence[_Asked]) -> str:
    said = list(dict.fromkeys(f"{one}{one.by}" for one in asked))
    rest = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return f"no versions answer all of {', '.join(said[:_SHOWN])}{rest}"
