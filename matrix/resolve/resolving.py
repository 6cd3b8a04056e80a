"""
Manifest and index to ``Lock``.

Targets are independent of each other, but what they ask the index for is mostly the same: so it is
fetched for all of them at once, and the searches, which only think, are made one after the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.edge.progress import Reporter
from matrix.manifest.model import Manifest, Package
from matrix.manifest.releases import NEWEST
from matrix.resolve import releases
from matrix.resolve.assembling import assemble
from matrix.resolve.build_environments import add_builds
from matrix.resolve.facts import Facts
from matrix.resolve.lock import Lock
from matrix.resolve.metadata_builder import MetadataBuilder
from matrix.resolve.prefetcher import Prefetcher
from matrix.resolve.provider import Provider
from matrix.resolve.roots import Root, roots_by_target
from matrix.resolve.rules import ALLOW, Rules
from matrix.resolve.search import Found, NotFound, Search

if TYPE_CHECKING:
    # Most commands have a lock and never need the index's client, which takes half a second.
    from matrix.index.client import Index

Pins = Mapping[NormalizedName, frozenset[Version]]


def resolve(
    manifest: Manifest,
    index: "Index",
    *,
    pins: Mapping[str, Pins],
    reporter: Reporter,
    rules: Rules = ALLOW,
    previous: Lock | None = None,
    metadata_builder: MetadataBuilder | None = None,
) -> Lock:
    """
    Find the closure of every root on every target.

    ``pins`` are versions to keep where they still fit, by target id; what has no solution stands in
    ``Lock.impossible``. What ``rules`` refuse is passed over. What the builds of ``previous``
    install stays where it still fits. What an sdist does not state for certain comes from
    ``metadata_builder``; without one the sdist's files are believed.
    """
    targets = manifest.all_targets
    facts = Facts(index, manifest, rules, metadata_builder)
    roots = roots_by_target(manifest)

    searches = {
        target: Search(
            Provider.of(target, facts.source(target, never_wheels_of=_never_wheels_of(manifest))),
            pins.get(target.id, {}),
        )
        for target in targets
    }
    prefetcher = Prefetcher(index.fetch_page, facts.fetch, facts.has)
    _prefetch(prefetcher, [(searches[target], roots[target]) for target in targets], reporter)
    _prefetch_releases(prefetcher, manifest, searches.values())
    several = {str(p.project): p for p in manifest.packages if p.versions != NEWEST}
    solved = ((t, _expand(searches[t].all(roots[t]), several, searches[t])) for t in targets)
    results = list(reporter.each(solved, total=len(targets), what="targets resolved"))
    return add_builds(
        assemble(results),
        manifest,
        source=lambda target: facts.source(target, never_wheels_of=frozenset()),
        sdist=lambda file: facts.excerpt(index.find_file(file.project, file.filename)),
        previous=previous,
    )


def _prefetch(
    prefetcher: Prefetcher, pairs: Sequence[tuple[Search, Sequence[Root]]], reporter: Reporter
) -> None:
    """Have most of what the searches will ask for."""
    starts = [(search.provider, search.preferred, search.needs(roots)) for search, roots in pairs]
    projects = {need.project for _, _, needs_of_roots in starts for need in needs_of_roots}
    arrived = (project for project in prefetcher.fetch(starts) if project in projects)
    for _ in reporter.each(arrived, total=len(projects), what="project pages"):
        pass


def _prefetch_releases(
    prefetcher: Prefetcher, manifest: Manifest, searches: Iterable[Search]
) -> None:
    several = [package for package in manifest.packages if package.versions != NEWEST]
    needs = [
        (search.provider, search.preferred, releases.likely(package, search))
        for package in several
        for search in searches
    ]
    for _ in prefetcher.fetch(needs):
        pass


def _expand(
    answers: Iterable[Found | NotFound], several: Mapping[str, Package], search: Search
) -> tuple[Found | NotFound, ...]:
    """The ``answers``, with one for each release where more than the newest is wanted."""
    return tuple(
        release
        for answer in answers
        for release in (
            releases.select_releases(several[answer.root.name], search, answer)
            if answer.root.name in several
            else (answer,)
        )
    )


def _never_wheels_of(manifest: Manifest) -> frozenset[NormalizedName]:
    return frozenset(p.project for p in manifest.packages if p.source == "build")
