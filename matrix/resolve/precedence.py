"""
The order of decisions: a project before those that it requires.

Then the newest release of what a person asks for is taken, and its dependencies give way, as with
pip. The order is that of the releases which a search will most likely take; where it takes others,
it finds out by itself (``Solver._postpone``), at the price of doing some of it again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.resolve.candidates import Offer
from matrix.resolve.provider import Need, Provider
from matrix.resolve.shelf import places

Preferences = Sequence[Mapping[NormalizedName, frozenset[Version]]]


def precedence(
    provider: Provider, needs: Iterable[Need], preferences: Preferences
) -> Mapping[NormalizedName, int]:
    """A place for each project that ``needs`` will likely lead to; the first is decided first."""
    graph = _graph(provider, needs, preferences)
    finished: dict[NormalizedName, None] = {}
    begun: set[NormalizedName] = set()
    for start in reversed(graph):
        stack: list[tuple[NormalizedName, Iterator[NormalizedName]]] = []
        if start not in begun:
            begun.add(start)
            stack.append((start, iter(graph[start])))
        while stack:
            project, children = stack[-1]
            for child in children:
                if child not in begun:
                    begun.add(child)
                    stack.append((child, iter(graph.get(child, ()))))
                    break
            else:
                finished[project] = None
                stack.pop()
    return {project: place for place, project in enumerate(reversed(finished))}


def _graph(
    provider: Provider, needs: Iterable[Need], preferences: Preferences
) -> dict[NormalizedName, dict[NormalizedName, None]]:
    """Who requires whom, in the order in which that is found out."""
    graph: dict[NormalizedName, dict[NormalizedName, None]] = {}
    offers: dict[NormalizedName, Offer | None] = {}
    seen: set[tuple[NormalizedName, str]] = set()
    todo = list(needs)
    for need in todo:  # grows while it is walked
        project = need.project
        if project not in offers:
            offers[project] = likely(provider, preferences, need)
            graph[project] = {}
        offer = offers[project]
        if offer is None:
            continue
        for extra in ("", *need.extras):
            if (project, extra) in seen:
                continue
            seen.add((project, extra))
            place = provider.shelf(project).place[offer.version]
            further = provider.needs(project, place, extra)
            graph[project].update(dict.fromkeys([each.project for each in further]))
            todo += further
    return graph


def likely(provider: Provider, preferences: Preferences, need: Need) -> Offer | None:
    """The release that a search will most likely take."""
    shelf = provider.shelf(need.project)
    rest = shelf.select(need.specifier) & provider.running(need.project)
    groups = []
    for preference in preferences:
        if preferred := preference.get(need.project):
            groups.append(shelf.set_of(preferred) & rest)
            rest &= ~groups[-1]
    for versions in (*groups, rest & ~shelf.pre_releases, rest & shelf.pre_releases):
        for place in places(versions):
            offer = provider.offer(need.project, place)
            if (
                offer is not None
                and not offer.file.is_yanked
                and provider.is_usable(need.project, place)
            ):
                return offer
    return None
