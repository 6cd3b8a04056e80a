"""
The prover: which wheels of a view install a set of requirements on a target, or why none do.

The search is ``resolvelib``'s, as in pip; versions, markers and tags are ``packaging``'s. Nothing
is asked of the machine it runs on, so a Linux server proves for Python 2.7 on Windows.
"""

import dataclasses
import functools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

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

Identifier = tuple[NormalizedName, str]
"""A project and one extra of it, or "" for the project itself."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ProvenWheel:
    """One wheel of a proof."""

    filename: str
    project: NormalizedName
    version: Version


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The exact wheels that an installer takes, sorted by filename."""

    wheels: tuple[ProvenWheel, ...]
    assumed: tuple[str, ...] = ()
    """Releases that had to be assumed (``View.assuming``), each as ``project version``, sorted."""

    @property
    def filenames(self) -> tuple[str, ...]:
        return tuple(wheel.filename for wheel in self.wheels)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """Why nothing installs: the shortest chain from a root to what is not there."""

    chain: str


Proof = Proven | Unproven


def prove(
    requirements: Iterable[Requirement],
    environment: Mapping[str, str],
    tags: Sequence[Tag],
    view: View,
) -> Proof:
    """The proof of one set of requirements; use a ``Prover`` to ask about several."""
    return Prover(environment, tags, view).prove(requirements)


class Prover:
    """One target and one view, asked about any number of requirements."""

    def __init__(self, environment: Mapping[str, str], tags: Sequence[Tag], view: View) -> None:
        self._candidates = Candidates(environment, tags, view)
        self._roots: dict[str, tuple[_Asked, ...]] = {}
        self._resolver: Resolver[_Asked, _Chosen, Identifier] = Resolver(
            _Provider(self._candidates), BaseReporter()
        )

    def prove(self, requirements: Iterable[Requirement]) -> Proof:
        """The wheels that install all ``requirements`` together."""
        wanted = tuple(requirements)
        roots = [
            asked
            for requirement in wanted
            if self._candidates.applies(requirement.marker)
            for asked in self._root(requirement)
        ]
        try:
            result = self._resolver.resolve(roots, max_rounds=_ROUNDS)
        except (ResolutionImpossible, ResolutionTooDeep):
            return Unproven(chain=explain(wanted, self._candidates))
        return _proven({chosen.offer for chosen in result.mapping.values()})

    def _root(self, requirement: Requirement) -> tuple["_Asked", ...]:
        text = str(requirement)
        if text not in self._roots:
            self._roots[text] = tuple(_asked(requirement))
        return self._roots[text]


def _proven(offers: Iterable[Offer]) -> Proven:
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


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What resolvelib calls a requirement; ``exactly`` ties an extra to its project's wheel."""

    identifier: Identifier
    specifier: SpecifierSet
    exactly: Version | None
    has_address: bool

    def allows(self, offer: Offer) -> bool:
        if self.exactly is not None:
            return offer.name.version == self.exactly
        return self.specifier.contains(offer.name.version, prereleases=True)


@dataclasses.dataclass(frozen=True, slots=True)
class _Chosen:
    """What resolvelib calls a candidate."""

    identifier: Identifier
    offer: Offer


class _Provider(AbstractProvider[_Asked, _Chosen, Identifier]):
    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._dependencies: dict[_Chosen, tuple[_Asked, ...]] = {}
        # resolvelib asks these of every pin in every round, with the same few objects.
        self._allowed: dict[tuple[_Asked, Offer], bool] = {}
        self._matches: dict[tuple[_Asked, ...], tuple[_Chosen, ...]] = {}

    def identify(self, requirement_or_candidate: _Asked | _Chosen) -> Identifier:
        return requirement_or_candidate.identifier

    def get_preference(
        self,
        identifier: Identifier,
        resolutions: Mapping[Identifier, _Chosen],
        candidates: Mapping[Identifier, Iterator[_Chosen]],
        information: "Mapping[Identifier, Iterator[RequirementInformation[_Asked, _Chosen]]]",
        backtrack_causes: "Sequence[RequirementInformation[_Asked, _Chosen]]",
    ) -> tuple[bool, Identifier]:
        # What made the search turn back comes first; then by name, so that two runs agree.
        del resolutions, candidates, information
        causes = (cause.requirement.identifier for cause in backtrack_causes)
        return (identifier not in causes, identifier)

    def find_matches(
        self,
        identifier: Identifier,
        requirements: Mapping[Identifier, Iterator[_Asked]],
        incompatibilities: Mapping[Identifier, Iterator[_Chosen]],
    ) -> list[_Chosen]:
        asked = tuple(requirements[identifier])
        if asked not in self._matches:
            self._matches[asked] = self._suiting(identifier, asked)
        refused = {chosen.offer for chosen in incompatibilities[identifier]}
        return [chosen for chosen in self._matches[asked] if chosen.offer not in refused]

    def _suiting(self, identifier: Identifier, asked: tuple[_Asked, ...]) -> tuple[_Chosen, ...]:
        if any(one.has_address for one in asked):
            return ()
        exactly = {one.exactly for one in asked if one.exactly is not None}
        if exactly:
            usable = self._candidates.usable(identifier[0])
            offers = [usable[version] for version in sorted(exactly) if version in usable]
        else:
            specifier = functools.reduce(operator.and_, (one.specifier for one in asked))
            offers = list(self._candidates.matching(identifier[0], specifier))
        suiting = (offer for offer in offers if all(one.allows(offer) for one in asked))
        return tuple(_Chosen(identifier, offer) for offer in suiting)

    def is_satisfied_by(self, requirement: _Asked, candidate: _Chosen) -> bool:
        key = (requirement, candidate.offer)
        if key not in self._allowed:
            self._allowed[key] = requirement.allows(candidate.offer)
        return self._allowed[key]

    def get_dependencies(self, candidate: _Chosen) -> tuple[_Asked, ...]:
        if candidate not in self._dependencies:
            self._dependencies[candidate] = tuple(self._asks(candidate))
        return self._dependencies[candidate]

    def _asks(self, candidate: _Chosen) -> Iterator[_Asked]:
        project, extra = candidate.identifier
        if extra:
            version = candidate.offer.name.version
            yield _Asked((project, ""), SpecifierSet(), version, has_address=False)
        for requirement in self._candidates.requirements(candidate.offer, extra):
            yield from _asked(requirement)


def _asked(requirement: Requirement) -> Iterator[_Asked]:
    """The project itself, and each extra as a thing of its own that needs the project."""
    project, has_address = canonicalize_name(requirement.name), requirement.url is not None
    for extra in ("", *sorted(map(canonicalize_name, requirement.extras))):
        yield _Asked((project, extra), requirement.specifier, None, has_address)
