"""
Manifest and index to ``Lock``.

Targets are independent of each other, so they are searched by a few threads at once: the work is
waiting for the index, and whatever one thread has asked for, the others find answered.
"""

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.distributions import core_metadata, sdist
from matrix.distributions.core_metadata import CoreMetadata, InvalidMetadata
from matrix.edge.progress import Reporter
from matrix.manifest.model import Manifest
from matrix.resolve.candidates import Offer, Offers
from matrix.resolve.lock import Lock, LockedFile, LockedTarget, NoSolution, Solution
from matrix.resolve.provider import Source
from matrix.resolve.roots import roots_of
from matrix.resolve.search import Found, NotFound, search
from matrix.targets.target import Target

if TYPE_CHECKING:
    # Most commands have a lock and never need the index's client, which takes half a second.
    from matrix.index.client import Index

WORKERS: Final = 8

Pins = Mapping[NormalizedName, frozenset[Version]]


def resolve(
    manifest: Manifest, index: "Index", *, pins: Mapping[str, Pins], reporter: Reporter
) -> Lock:
    """
    Find the closure of every root on every target.

    ``pins`` are versions to keep where they still fit, by target id; what has no solution stands in
    ``Lock.impossible``.
    """
    targets = manifest.all_targets
    facts = _Facts(index)
    roots = {target: roots_of(manifest, target) for target in targets}

    def one(target: Target) -> tuple[Target, tuple[Found | NotFound, ...]]:
        source = facts.source(target, never_wheels_of=_never_wheels_of(manifest))
        kept = pins.get(target.id, {})
        return target, search(roots[target], target=target, source=source, preferred=kept)

    projects = sorted({p.project for p in manifest.packages})
    with ThreadPoolExecutor(WORKERS) as pool:
        pages = pool.map(index.page, projects)
        for _ in reporter.each(pages, total=len(projects), what="project pages"):
            pass
        solved = pool.map(one, targets)
        results = list(reporter.each(solved, total=len(targets), what="targets resolved"))
    return assemble(results)


def assemble(results: Iterable[tuple[Target, Sequence[Found | NotFound]]]) -> Lock:
    """One lock of all targets' results."""
    users: dict[str, set[str]] = {}
    requires: dict[str, set[NormalizedName]] = {}
    offers: dict[str, Offer] = {}
    solutions: dict[
        tuple[str, tuple[str, ...], tuple[tuple[NormalizedName, Version], ...]], set[str]
    ] = {}
    impossible = []
    targets = []
    for target, found in results:
        targets.append(_locked(target))
        for answer in found:
            asked = answer.root.asked
            if isinstance(answer, NotFound):
                impossible.append(
                    NoSolution(
                        root=answer.root.name,
                        requirements=asked,
                        target=target.id,
                        reason=answer.reason,
                    )
                )
                continue
            pins = tuple((offer.project, offer.version) for offer in answer.offers)
            solutions.setdefault((answer.root.name, asked, pins), set()).add(target.id)
            for offer in answer.offers:
                users.setdefault(offer.file.filename, set()).add(target.id)
                needed = requires.setdefault(offer.file.filename, set())
                needed |= answer.requires[offer.project]
                offers[offer.file.filename] = offer
    files = [_locked_file(o, users[name], requires[name]) for name, o in offers.items()]
    return Lock(
        targets=tuple(sorted(targets)),
        files=tuple(sorted(files, key=lambda f: (f.project, f.version, f.filename))),
        solutions=tuple(
            Solution(root=root, requirements=asked, targets=tuple(sorted(ids)), pins=pins)
            for (root, asked, pins), ids in sorted(
                solutions.items(), key=lambda item: (item[0][0], min(item[1]))
            )
        ),
        impossible=tuple(sorted(impossible, key=lambda no: (no.root, no.target))),
    )


def _locked(target: Target) -> LockedTarget:
    return LockedTarget(id=target.id, python=str(target.python), platform=str(target.platform))


def _locked_file(
    offer: Offer, targets: Iterable[str], requires: Iterable[NormalizedName]
) -> LockedFile:
    return LockedFile(
        project=offer.project,
        version=offer.version,
        filename=offer.file.filename,
        sha256=offer.file.sha256,
        size=offer.file.size,
        targets=tuple(sorted(targets)),
        requires=tuple(sorted(requires)),
    )


def _never_wheels_of(manifest: Manifest) -> frozenset[NormalizedName]:
    return frozenset(p.project for p in manifest.packages if p.source == "build")


class _Facts:
    """What an index says, parsed once for all targets."""

    def __init__(self, index: "Index") -> None:
        self._index = index
        self._metadata = functools.cache(self._read_metadata)

    def source(self, target: Target, *, never_wheels_of: frozenset[NormalizedName]) -> Source:
        offers = Offers(target, never_wheels_of=never_wheels_of)

        @functools.cache
        def of(project: NormalizedName) -> tuple[Offer, ...]:
            page = self._index.page(project)
            return tuple(offers.of(page)) if page else ()

        def versions(project: NormalizedName) -> tuple[Version, ...]:
            page = self._index.page(project)
            return tuple(page.releases) if page else ()

        return Source(offers=of, metadata=self._metadata, versions=versions)

    def _read_metadata(self, offer: Offer) -> CoreMetadata:
        if offer.file.is_wheel:
            return core_metadata.parse(self._index.metadata(offer.file))
        try:
            found = sdist.read_metadata(self._index.distribution(offer.file))
        except sdist.InvalidSdist as error:
            raise InvalidMetadata(str(error)) from error
        return dataclasses.replace(found.metadata, requires_dist=found.declared_requirements)
