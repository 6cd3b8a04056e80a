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
class _Request:
    """A requirement, and the releases through which it is asked for, nearest first."""

    demand: Demand
    through: tuple[str, ...]

    @property
    def project(self) -> NormalizedName:
        return self.demand.child[0]

    def __str__(self) -> str:
        """The requirement as it is written."""
        project, extra = self.demand.child
        return f"{project}{f'[{extra}]' if extra else ''}{self.demand.specifier}"

    @property
    def origin(self) -> str:
        """The releases that ask for it; empty for a root."""
        return f"asked for by {' <- '.join(self.through)}" if self.through else ""

    @property
    def by(self) -> str:
        """``origin`` as the end of a sentence."""
        return f" ({self.origin})" if self.through else ""


def explain_failure(failure: Unsolvable | Undecided, provider: Provider) -> str:
    """What stood in the way."""
    if isinstance(failure, Undecided):
        about = ", ".join(failure.projects)
        return f"undecided after many conflicts about {about}; pin some of these closer"
    requests: list[_Request] = []
    for request in _walk_demands(failure, provider):
        if not request.demand.admitted & ~_lacking(failure, request):
            return _missing(request, provider)
        requests.append(request)
    return _disagreement(requests, failure) or _all_of(requests)


def _lacking(failure: Unsolvable, request: _Request) -> int:
    return failure.lacking_by_key.get(request.demand.child, 0) | failure.lacking_by_key.get(
        (request.project, ""), 0
    )


def _walk_demands(failure: Unsolvable, provider: Provider) -> Iterator[_Request]:
    """The requirements that matter, nearest to the roots first."""
    seen: set[Demand] = set()
    todo = [
        _Request(demand=demand, through=())
        for name in failure.roots
        for demand, _ in failure.demands
        if demand.parent == (ROOT, name)
    ]
    for request in todo:  # grows while it is walked
        if request.demand in seen:
            continue
        seen.add(request.demand)
        yield request
        key, possible = request.demand.child, request.demand.admitted & ~_lacking(failure, request)
        further = [(d, having & possible) for d, having in failure.demands if d.parent == key]
        if restricted := [having for _, having in further if having]:
            place = min(map(newest, restricted))
            name = f"{request.project} {provider.shelf(request.project).versions[place]}"
            # An extra needs its own project, which is nothing to tell.
            todo += [
                _Request(
                    demand=demand,
                    through=(
                        request.through
                        if demand.child[0] == request.project
                        else (name, *request.through)
                    ),
                )
                for demand, having in further
                if having >> place & 1
            ]


def _missing(request: _Request, provider: Provider) -> str:
    """Why nothing answers one requirement."""
    shelf = provider.shelf(request.project)
    admitted, specifier = request.demand.admitted, request.demand.specifier
    if not shelf.versions:
        return f"the index has no project {request.project!r}{request.by}"
    if not admitted and (early := shelf.select(specifier)):
        newest_early = shelf.versions[newest(early)]
        return (
            f"only pre-releases of {request.project!r} satisfy {specifier}{request.by}; newest is "
            f"{newest_early}, for those who name one"
        )
    if not admitted:
        return (
            f"no release of {request.project!r} satisfies {specifier}{request.by}; "
            f"newest is {shelf.versions[0]}"
        )
    first, *others = places(admitted)
    why = f"{request.project} {shelf.versions[first]}{provider.lack(request.project, first)}"
    origin = f" ({request} is {request.origin})" if request.through else ""
    return f"{why}{_too(others)}{_fitting(request, provider)}{origin}"


def _too(others: Sequence[int]) -> str:
    """Say that the release that was named is not the only one."""
    if not others:
        return ""
    return f"; {len(others)} older " + (
        "releases do not fit either" if len(others) > 1 else "release does not fit either"
    )


def _fitting(request: _Request, provider: Provider) -> str:
    """The newest release that would fit without the requirement."""
    shelf = provider.shelf(request.project)
    for place in places(shelf.everything & ~request.demand.admitted & ~shelf.pre_releases):
        offer = provider.offer(request.project, place)
        if offer is not None and not offer.file.is_yanked:
            return f"; the newest that fits is {offer.version}"
    return ""


def _disagreement(requests: Sequence[_Request], failure: Unsolvable) -> str:
    pairs = [
        (first, second)
        for first, second in itertools.combinations(requests, 2)
        if first.project == second.project
        and not first.demand.admitted & second.demand.admitted & ~_lacking(failure, first)
    ]
    if not pairs:
        return ""
    first, second = min(pairs, key=lambda pair: sum(len(each.through) for each in pair))
    texts = sorted({f"{first}{first.by}", f"{second}{second.by}"})
    return f"{' and '.join(texts)} have no version in common"


def _all_of(requests: Sequence[_Request]) -> str:
    texts = list(dict.fromkeys(f"{request}{request.by}" for request in requests))
    rest = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"no versions answer all of {', '.join(texts[:_SHOWN])}{rest}"
