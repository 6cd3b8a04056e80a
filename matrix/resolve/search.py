"""One target, some roots: a joint solution where all agree, else one for each root."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import Version
from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver
from resolvelib.resolvers import Result

from matrix.resolve import reasons
from matrix.resolve.candidates import Offer
from matrix.resolve.provider import Identifier, Pick, Provider, Source, Wanted, applies
from matrix.resolve.roots import Root
from matrix.targets.target import Target

ROUNDS: Final = 20_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    What a root installs: one offer for each project of its closure, sorted by name, and which
    projects each of them requires.
    """

    root: Root
    offers: tuple[Offer, ...]
    requires: Mapping[NormalizedName, frozenset[NormalizedName]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """Why a root installs nowhere here, in a sentence."""

    root: Root
    reason: str


class _Failed(Exception):
    """A resolution without a result; never leaves this module."""


def search(
    roots: Sequence[Root],
    *,
    target: Target,
    source: Source,
    preferred: Mapping[NormalizedName, frozenset[Version]],
) -> tuple[Found | NotFound, ...]:
    """
    Solve all ``roots`` for ``target``, in their order.

    Together first: one version of each project is what a shared environment and a small bundle
    want. Where they conflict, each is solved by itself, as somebody who installs only that
    requirement would.
    """
    environment = target.marker_environment()
    provider = Provider(source, environment=environment, preferred=preferred)
    try:
        wanted = [need for root in roots for need in _needs(root, environment)]
        result = _resolve(provider, wanted)
        return tuple(_found(root, result, provider, environment) for root in roots)
    except _Failed:
        return tuple(_alone(root, provider, environment) for root in roots)


def _alone(root: Root, provider: Provider, environment: Mapping[str, str]) -> Found | NotFound:
    try:
        result = _resolve(provider, _needs(root, environment))
    except _Failed as error:
        return NotFound(root=root, reason=str(error))
    return _found(root, result, provider, environment)


def _needs(root: Root, environment: Mapping[str, str]) -> list[Wanted]:
    return [Wanted.of(r) for r in root.requirements if applies(r, environment, ())]


def _resolve(provider: Provider, wanted: Iterable[Wanted]) -> Result[Wanted, Pick, Identifier]:
    resolver: Resolver[Wanted, Pick, Identifier] = Resolver(provider, BaseReporter())
    try:
        return resolver.resolve(wanted, max_rounds=ROUNDS)
    except ResolutionImpossible as error:
        raise _Failed(reasons.sentence(error.causes, provider)) from error
    except ResolutionTooDeep as error:
        raise _Failed(f"undecided after {ROUNDS} rounds; pin some requirements closer") from error


def _found(
    root: Root,
    result: Result[Wanted, Pick, Identifier],
    provider: Provider,
    environment: Mapping[str, str],
) -> Found:
    """The part of a joint result that ``root`` reaches."""
    todo: list[Wanted] = _needs(root, environment)
    reached: dict[Identifier, Offer] = {}
    requires: dict[NormalizedName, frozenset[NormalizedName]] = {}
    while todo:
        wanted = todo.pop()
        identifier = provider.identify(wanted)
        if identifier not in reached:
            pick = result.mapping[identifier]
            reached[identifier] = pick.offer
            needs = tuple(provider.get_dependencies(pick))
            todo.extend(needs)
            # A name with extras needs the plain one, which is no requirement of anybody else's.
            others = {need.project for need in needs} - {wanted.project}
            requires[wanted.project] = requires.get(wanted.project, frozenset()) | others
    offers = {identifier[0]: offer for identifier, offer in reached.items()}
    return Found(
        root=root, offers=tuple(offers[name] for name in sorted(offers)), requires=requires
    )
