"""
The provider that ``resolvelib`` asks: one target's view of an index.

A requirement with extras is a project of its own (``name[extra]``) that needs the plain one at the
same version, so that the plain project is pinned once however many extras ask for it.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version
from resolvelib import AbstractProvider
from resolvelib.structs import RequirementInformation

from matrix.distributions.core_metadata import CoreMetadata, InvalidMetadata
from matrix.resolve.candidates import Offer

Identifier = tuple[NormalizedName, frozenset[NormalizedName]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A requirement as ``resolvelib`` handles it."""

    project: NormalizedName
    extras: frozenset[NormalizedName]
    specifier: SpecifierSet

    @classmethod
    def of(cls, requirement: Requirement) -> "Wanted":
        return cls(
            project=canonicalize_name(requirement.name),
            extras=frozenset(canonicalize_name(extra) for extra in requirement.extras),
            specifier=requirement.specifier,
        )

    def __str__(self) -> str:
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.project}{extras}{self.specifier}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """An offer with the extras that were asked for."""

    offer: Offer
    extras: frozenset[NormalizedName]

    def __str__(self) -> str:
        return f"{self.offer.project} {self.offer.version}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a provider gets its facts from; each answer must be the same whenever it is asked."""

    offers: Callable[[NormalizedName], Sequence[Offer]]
    """What the target could install of a project, newest first; empty when nothing."""
    metadata: Callable[[Offer], CoreMetadata]
    """Raises ``InvalidMetadata`` when nobody could resolve with it."""
    versions: Callable[[NormalizedName], Sequence[Version]]
    """Every version on the index, newest first, whatever it runs on."""


class Provider(AbstractProvider[Wanted, Pick, Identifier]):
    """
    Newest first, pinned versions before that, pre-releases as PEP 440 says, yanked ones only when
    named.
    """

    def __init__(
        self,
        source: Source,
        *,
        environment: Mapping[str, str],
        preferred: Mapping[NormalizedName, frozenset[Version]],
    ) -> None:
        self.source = source
        self._environment = environment
        self._preferred = preferred
        self._dependencies: dict[tuple[NormalizedName, Version, frozenset[str]], Any] = {}
        self.unusable: dict[tuple[NormalizedName, Version], str] = {}
        """Versions that were passed over because nobody can read their metadata, and why."""

    def identify(self, requirement_or_candidate: Wanted | Pick) -> Identifier:
        if isinstance(requirement_or_candidate, Pick):
            return requirement_or_candidate.offer.project, requirement_or_candidate.extras
        return requirement_or_candidate.project, requirement_or_candidate.extras

    def get_preference(
        self,
        identifier: Identifier,
        resolutions: Mapping[Identifier, Pick],
        candidates: Mapping[Identifier, Iterator[Pick]],
        information: Mapping[Identifier, Iterator[RequirementInformation[Wanted, Pick]]],
        backtrack_causes: Sequence[RequirementInformation[Wanted, Pick]],
    ) -> Any:
        asked = [info.requirement.specifier for info in information[identifier]]
        is_exact = any(spec.operator == "==" for specifier in asked for spec in specifier)
        is_cause = any(self.identify(cause.requirement) == identifier for cause in backtrack_causes)
        name, extras = identifier
        return (not is_exact, not is_cause, all(len(s) == 0 for s in asked), name, sorted(extras))

    def find_matches(
        self,
        identifier: Identifier,
        requirements: Mapping[Identifier, Iterator[Wanted]],
        incompatibilities: Mapping[Identifier, Iterator[Pick]],
    ) -> Callable[[], Iterator[Pick]]:
        project, extras = identifier
        specifier = SpecifierSet()
        for wanted in requirements[identifier]:
            specifier &= wanted.specifier
        # The plain project's requirements bind its extras too.
        for wanted in requirements.get((project, frozenset()), iter(())) if extras else ():
            specifier &= wanted.specifier
        bad = {pick.offer.version for pick in incompatibilities[identifier]}
        return lambda: self._matches(project, extras, specifier, bad)

    def _matches(
        self,
        project: NormalizedName,
        extras: frozenset[NormalizedName],
        specifier: SpecifierSet,
        bad: set[Version],
    ) -> Iterator[Pick]:
        for offer in allowed(
            self.source.offers(project), specifier, self._preferred.get(project, frozenset())
        ):
            if offer.version not in bad and self._is_usable(offer):
                yield Pick(offer=offer, extras=extras)

    def _is_usable(self, offer: Offer) -> bool:
        place = (offer.project, offer.version)
        if place in self.unusable:
            return False
        try:
            metadata = self.source.metadata(offer)
        except InvalidMetadata as error:
            self.unusable[place] = str(error)
            return False
        # Old uploads carry Requires-Python in the file but not on the index page.
        python = self._environment["python_full_version"]
        if metadata.requires_python.contains(python, prereleases=True):
            return True
        self.unusable[place] = f"requires Python {metadata.requires_python}"
        return False

    def is_satisfied_by(self, requirement: Wanted, candidate: Pick) -> bool:
        return requirement.specifier.contains(candidate.offer.version, prereleases=True)

    def get_dependencies(self, candidate: Pick) -> Iterable[Wanted]:
        offer, extras = candidate.offer, candidate.extras
        place = (offer.project, offer.version, frozenset[str](extras))
        if place not in self._dependencies:
            self._dependencies[place] = tuple(self._needs(offer, extras))
        needs: Iterable[Wanted] = self._dependencies[place]
        return needs

    def _needs(self, offer: Offer, extras: frozenset[NormalizedName]) -> Iterator[Wanted]:
        if extras:
            same = SpecifierSet(f"=={offer.version}")
            yield Wanted(project=offer.project, extras=frozenset(), specifier=same)
        for requirement in self.source.metadata(offer).requires_dist:
            if applies(requirement, self._environment, extras):
                yield Wanted.of(requirement)


def applies(
    requirement: Requirement, environment: Mapping[str, str], extras: Iterable[str]
) -> bool:
    """
    Whether a requirement's marker holds in ``environment``, for a project with or without extras.
    """
    marker = requirement.marker
    if marker is None:
        return True
    return any(marker.evaluate({**environment, "extra": extra}) for extra in (*extras, ""))


def allowed(
    offers: Sequence[Offer], specifier: SpecifierSet, preferred: frozenset[Version]
) -> Iterator[Offer]:
    """The offers that ``specifier`` admits, preferred versions first, then newest first."""
    usable = [offer for offer in offers if not offer.file.is_yanked or _names(specifier, offer)]
    versions = set(specifier.filter(offer.version for offer in usable))
    admitted = [offer for offer in usable if offer.version in versions]
    yield from (offer for offer in admitted if offer.version in preferred)
    yield from (offer for offer in admitted if offer.version not in preferred)


def _names(specifier: SpecifierSet, offer: Offer) -> bool:
    """PEP 592: a yanked file is for those who ask for exactly that version."""
    return any(
        spec.operator in {"==", "==="} and "*" not in spec.version and spec.contains(offer.version)
        for spec in specifier
    )
