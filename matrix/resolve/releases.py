"""``versions``: several releases of a project, each of which installs by itself."""

import itertools
from collections.abc import Iterator

from matrix.manifest.model import Package
from matrix.resolve.provider import Need, Provider
from matrix.resolve.roots import Root, release_of
from matrix.resolve.search import Found, NotFound, Preferred, Search
from matrix.resolve.shelf import places


def likely(package: Package, search: Search) -> tuple[Need, ...]:
    """What the newest releases need, to be fetched before ``select_releases`` asks for it."""
    candidates = itertools.islice(_candidates(package, search), package.versions.count)
    return search.needs(candidates)


def select_releases(
    package: Package, search: Search, newest: Found | NotFound
) -> tuple[Found | NotFound, ...]:
    """
    The newest releases of ``package`` that install, newest first; ``newest`` is the answer for the
    requirement itself, and says why when there is none.
    """
    if isinstance(newest, NotFound):
        return (newest,)
    versions: Preferred = {offer.project: frozenset({offer.version}) for offer in newest.offers}
    answers = (search.alone(root, versions) for root in _candidates(package, search))
    installing = (answer for answer in answers if isinstance(answer, Found))
    return tuple(itertools.islice(installing, package.versions.count)) or (newest,)


def _candidates(package: Package, search: Search) -> Iterator[Root]:
    """Reused releases first, then the newest; pre-releases and yanked ones only when asked for."""
    for need in search.needs([Root(name=package.project, requirements=(package.requirement,))]):
        shelf = search.provider.shelf(need.project)
        admitted = shelf.select(need.specifier)
        if not search.provider.asks_for_pre_releases(need):
            finals = admitted & ~shelf.pre_releases
            admitted = finals if len(need.specifier) else finals or admitted
        reused = shelf.set_of(search.preferred.get(need.project, frozenset())) & admitted
        for place in (*places(reused), *places(admitted & ~reused)):
            if _is_offered(search.provider, need, place):
                yield release_of(package, shelf.versions[place])


def _is_offered(provider: Provider, need: Need, place: int) -> bool:
    offer = provider.offer(need.project, place)
    return offer is not None and (not offer.file.is_yanked or bool(need.exact))
