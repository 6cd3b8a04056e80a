"""
The prover: which wheels of a view install a set of requirements on a target, or why none do.

The search is ``resolvelib``'s, as in pip; versions, markers and tags are ``packaging``'s. Nothing
is read from the machine it runs on, so a Linux server proves for Python 2.7 on Windows.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Union

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version
from resolvelib import (
    AbstractProvider,
    BaseReporter,
    ResolutionImpossible,
    ResolutionTooDeep,
    Resolver,
)

from matrix.verify.candidates import Candidates
from matrix.verify.explain import explain
from matrix.verify.view import Offer, View

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

# pip's own limit is 200 000; a bundle has a handful of versions a project, so this is never near.
_ROUNDS: Final = 20_000

Identifier = tuple[NormalizedName, tuple[NormalizedName, ...]]
"""
A project and extras of it, sorted; without any for the project itself.

Extras that one distribution asks for are one identifier: resolvelib looks at every identifier in
every round, and a thousand extras would be a thousand rounds.
"""


@dataclasses.dataclass(frozen=True, order=True)
class ProvenWheel:
    """One wheel of a proof."""

    filename: str
    project: NormalizedName
    version: Version


@dataclasses.dataclass(frozen=True)
class Proven:
    """The exact wheels that an installer takes, sorted by filename."""

    wheels: tuple[ProvenWheel, ...]
    assumed: tuple[str, ...] = ()
    """Releases that had to be assumed (``View.assume``), each as ``project version``, sorted."""

    @property
    def filenames(self) -> tuple[str, ...]:
        return tuple(wheel.filename for wheel in self.wheels)


@dataclasses.dataclass(frozen=True)
class Unproven:
    """Why nothing installs: the shortest chain from a requirement to a missing wheel."""

    chain: str


Proof = Union[Proven, Unproven]


def prove(
    requirements: Iterable[Requirement],
    environment: Mapping[str, str],
    tags: Sequence[Tag],
    view: View,
) -> Proof:
    """The proof of one set of requirements; use a ``Prover`` for several."""
    return Prover(environment, tags, view).prove(requirements)


class Prover:
    """Proves any number of requirements on one target, from one view."""

    def __init__(self, environment: Mapping[str, str], tags: Sequence[Tag], view: View) -> None:
        self._candidates = Candidates(environment, tags, view)
        self._needs_by_text: dict[str, tuple[_Need, ...]] = {}
        self._resolver: Resolver[_Need, _Candidate, Identifier] = Resolver(
            _Provider(self._candidates), BaseReporter()
        )

    def prove(self, requirements: Iterable[Requirement]) -> Proof:
        """The wheels that install all ``requirements`` together."""
        roots = tuple(requirements)
        needs = [
            need
            for requirement in roots
            if self._candidates.applies(requirement.marker)
            for need in self._parse(requirement)
        ]
        try:
            result = self._resolver.resolve(needs, max_rounds=_ROUNDS)
        except (ResolutionImpossible, ResolutionTooDeep):
            return Unproven(chain=explain(roots, self._candidates))
        return _sum_up({candidate.offer for candidate in result.mapping.values()})

    def _parse(self, requirement: Requirement) -> tuple[_Need, ...]:
        text = str(requirement)
        if text not in self._needs_by_text:
            self._needs_by_text[text] = tuple(_split_extras([requirement]))
        return self._needs_by_text[text]


def _sum_up(offers: Iterable[Offer]) -> Proven:
    wheels, assumed = [], []
    for offer in offers:
        name = offer.name
        if offer.assumed:
            assumed.append(f"{name.project} {name.version}")
        else:
            wheels.append(
                ProvenWheel(filename=name.filename, project=name.project, version=name.version)
            )
    return Proven(wheels=tuple(sorted(wheels)), assumed=tuple(sorted(assumed)))


@dataclasses.dataclass(frozen=True, eq=False)
class _Need:
    """What resolvelib calls a requirement; ``exactly`` ties an extra to its project's wheel."""

    identifier: Identifier
    specifier: SpecifierSet
    exactly: Version | None
    has_address: bool

    def allows(self, offer: Offer) -> bool:
        if self.exactly is not None:
            return offer.name.version == self.exactly
        return self.specifier.contains(offer.name.version, prereleases=True)


@dataclasses.dataclass(frozen=True)
class _Candidate:
    """What resolvelib calls a candidate."""

    identifier: Identifier
    offer: Offer


class _Provider(AbstractProvider[_Need, _Candidate, Identifier]):
    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._dependencies: dict[_Candidate, tuple[_Need, ...]] = {}
        # resolvelib calls these for every pin in every round, with the same few objects.
        self._is_allowed: dict[tuple[_Need, Offer], bool] = {}
        self._matches: dict[tuple[_Need, ...], tuple[_Candidate, ...]] = {}

    def identify(self, requirement_or_candidate: _Need | _Candidate) -> Identifier:
        return requirement_or_candidate.identifier

    def get_preference(
        self,
        identifier: Identifier,
        resolutions: Mapping[Identifier, _Candidate],
        candidates: Mapping[Identifier, Iterator[_Candidate]],
        information: Mapping[Identifier, Iterator[RequirementInformation[_Need, _Candidate]]],
        backtrack_causes: Sequence[RequirementInformation[_Need, _Candidate]],
    ) -> tuple[bool, Identifier]:
        # The causes of the last step back come first; then by name, so that two runs agree.
        del resolutions, candidates, information
        causes = (cause.requirement.identifier for cause in backtrack_causes)
        return (identifier not in causes, identifier)

    def find_matches(
        self,
        identifier: Identifier,
        requirements: Mapping[Identifier, Iterator[_Need]],
        incompatibilities: Mapping[Identifier, Iterator[_Candidate]],
    ) -> list[_Candidate]:
        needs = tuple(requirements[identifier])
        if needs not in self._matches:
            self._matches[needs] = self._match(identifier, needs)
        refused = {candidate.offer for candidate in incompatibilities[identifier]}
        return [match for match in self._matches[needs] if match.offer not in refused]

    def _match(self, identifier: Identifier, needs: tuple[_Need, ...]) -> tuple[_Candidate, ...]:
        if any(need.has_address for need in needs):
            return ()
        exactly = {need.exactly for need in needs if need.exactly is not None}
        if exactly:
            offer_by_version = self._candidates.find_usable(identifier[0])
            offers = [
                offer_by_version[version]
                for version in sorted(exactly)
                if version in offer_by_version
            ]
        else:
            specifier = functools.reduce(operator.and_, (need.specifier for need in needs))
            offers = list(self._candidates.find_matching(identifier[0], specifier))
        return tuple(
            _Candidate(identifier, offer)
            for offer in offers
            if all(need.allows(offer) for need in needs)
        )

    def is_satisfied_by(self, requirement: _Need, candidate: _Candidate) -> bool:
        key = (requirement, candidate.offer)
        if key not in self._is_allowed:
            self._is_allowed[key] = requirement.allows(candidate.offer)
        return self._is_allowed[key]

    def get_dependencies(self, candidate: _Candidate) -> tuple[_Need, ...]:
        if candidate not in self._dependencies:
            self._dependencies[candidate] = tuple(self._find_needs(candidate))
        return self._dependencies[candidate]

    def _find_needs(self, candidate: _Candidate) -> Iterator[_Need]:
        project, extras = candidate.identifier
        if not extras:
            yield from _split_extras(self._candidates.find_requirements(candidate.offer, ""))
            return
        yield _Need((project, ()), SpecifierSet(), candidate.offer.name.version, has_address=False)
        requirements = self._list_requirements(candidate.offer, extras)
        for need in _split_extras(requirements):
            # Its own extras are among ``requirements``.
            if need.identifier[0] != project or not need.identifier[1]:
                yield need

    def _list_requirements(self, offer: Offer, extras: Sequence[str]) -> list[Requirement]:
        """What ``offer`` requires with ``extras`` and with those of its own that they require."""
        requirements: list[Requirement] = []
        queue, known = list(extras), set(extras)
        while queue:
            for requirement in self._candidates.find_requirements(offer, queue.pop()):
                requirements.append(requirement)
                if canonicalize_name(requirement.name) == offer.name.project:
                    more = set(map(canonicalize_name, requirement.extras)) - known
                    queue += sorted(more)
                    known |= more
        return requirements


def _split_extras(requirements: Iterable[Requirement]) -> Iterator[_Need]:
    """A need for each project, and one for all its extras, which leads back to the project."""
    grouped: dict[NormalizedName, list[Requirement]] = {}
    for requirement in requirements:
        grouped.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    for project, group in grouped.items():
        extras = {canonicalize_name(extra) for each in group for extra in each.extras}
        specifier = functools.reduce(operator.and_, {each.specifier for each in group})
        has_address = any(each.url is not None for each in group)
        yield _Need((project, ()), specifier, None, has_address)
        if extras:
            yield _Need((project, tuple(sorted(extras))), specifier, None, has_address)
