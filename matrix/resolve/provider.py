"""
One target's view of an index: which releases it can install, and what they need there.

Everything that a marker or a file can say is asked for once and remembered; ``Markers`` for all
targets, because what decides a marker is mostly the same on several of them.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from matrix.distributions.core_metadata import CoreMetadata, InvalidMetadata
from matrix.distributions.extras import ExtraIndex, Extras, find_extras
from matrix.resolve.candidates import Offer
from matrix.resolve.rules import Rules
from matrix.resolve.shelf import Shelf
from matrix.targets.target import Target

# PEP 508's names; a marker that contains one in a string is asked once more than it must be.
_VARIABLES: Final = re.compile(
    r"python_full_version|python_version|os_name|sys_platform|platform_release|platform_system|"
    r"platform_version|platform_machine|platform_python_implementation|implementation_name|"
    r"implementation_version|extra"
)


_INCLUSIVE: Final = frozenset({"==", ">=", "<=", "~=", "==="})
# pip 24.0 is the last one that reads what was no PEP 440 version, and the last one for 3.7.
_FIRST_STRICT: Final = Version("3.8")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A requirement whose marker holds."""

    project: NormalizedName
    extras: tuple[str, ...]
    specifier: SpecifierSet
    names_pre_releases: bool
    """Whether the specifier names one, and so asks for them (PEP 440)."""
    names_them_inclusively: bool
    """Whether it does so in a way that pip before 24.1 noticed: not as ``<2.0.dev0``."""
    exact: str
    """The specifier where it names one version; else empty."""

    @classmethod
    def of(
        cls, project: NormalizedName, extras: tuple[str, ...], specifier: SpecifierSet
    ) -> "Need":
        is_exact = any(
            part.operator in {"==", "==="} and not part.version.endswith(".*") for part in specifier
        )
        return cls(
            project=project,
            extras=extras,
            specifier=specifier,
            names_pre_releases=bool(specifier.prereleases),
            names_them_inclusively=any(
                part.operator in _INCLUSIVE and bool(part.prereleases) for part in specifier
            ),
            exact=str(specifier) if is_exact else "",
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A requirement, and what of an environment decides whether it holds."""

    need: Need
    marker: Marker | None
    text: str
    variables: tuple[str, ...]
    extras: Extras
    """Those with which the marker can hold differently than without."""

    @classmethod
    def of(cls, requirement: Requirement) -> "Clause":
        text = str(requirement.marker) if requirement.marker else ""
        return cls(
            need=Need.of(
                canonicalize_name(requirement.name),
                tuple(sorted(map(canonicalize_name, requirement.extras))),
                requirement.specifier,
            ),
            marker=requirement.marker,
            text=text,
            variables=tuple(sorted(set(_VARIABLES.findall(text)))),
            extras=find_extras(text),
        )


class Markers:
    """Whether clauses hold; equal questions are asked once."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, ...], bool] = {}

    def holds(self, clause: Clause, environment: Mapping[str, str], extra: str = "") -> bool:
        """Raises ``InvalidMetadata`` when the marker compares what cannot be compared."""
        if clause.marker is None:
            return True
        here = {**environment, "extra": extra}
        question = (clause.text, *(here[variable] for variable in clause.variables))
        if question not in self._answers:
            try:
                self._answers[question] = clause.marker.evaluate(here)
            except (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion) as error:
                raise InvalidMetadata(f"{clause.text!r} cannot be evaluated: {error}") from error
        return self._answers[question]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a provider gets its facts from; each answer must be the same whenever it is asked."""

    shelf: Callable[[NormalizedName], Shelf]
    """Every version on the index; none when it has no such project."""
    running: Callable[[NormalizedName], int]
    """The versions that have a file for the target's interpreter; ``offer`` has no others."""
    offer: Callable[[NormalizedName, Version], Offer | None]
    """What the target takes of a release."""
    lack: Callable[[NormalizedName, Version], str]
    """Why that is nothing, to follow project and version."""
    metadata: Callable[[Offer], CoreMetadata]
    """Raises ``InvalidMetadata`` when it is unusable."""
    clauses: Callable[[Offer], tuple[Clause, ...]]
    """The requirements in it."""
    clause: Callable[[Requirement], Clause]
    """A requirement that is none of a release, such as a root's."""
    rules: Rules
    markers: Markers


class Provider:
    """What the searches of one target are told."""

    def __init__(self, source: Source, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.shelf = source.shelf
        self.clause = source.clause
        self.running = source.running
        self._source = source
        self._is_strict = Version(environment["python_full_version"]) >= _FIRST_STRICT
        self._offers: dict[tuple[NormalizedName, int], Offer | None] = {}
        self._unusable: dict[tuple[NormalizedName, int], str] = {}
        self._needs: dict[tuple[NormalizedName, int, str], tuple[Need, ...]] = {}
        self._indexes: dict[tuple[NormalizedName, int], ExtraIndex[Clause]] = {}
        self._pythons: dict[int, tuple[SpecifierSet, bool]] = {}

    @classmethod
    def of(cls, target: Target, source: Source) -> "Provider":
        """What ``source`` tells to ``target``."""
        return cls(source, target.marker_environment())

    def offer(self, project: NormalizedName, place: int) -> Offer | None:
        """The file of the version at ``place`` for the target, before its metadata are read."""
        try:
            return self._offers[project, place]
        except KeyError:
            offer = None
            if self.running(project) >> place & 1:
                offer = self._source.offer(project, self.shelf(project).versions[place])
            self._offers[project, place] = offer
            return offer

    def asks_for_pre_releases(self, need: Need) -> bool:
        """Whether the pips of this interpreter take ``need`` as asking for them."""
        return need.names_pre_releases if self._is_strict else need.names_them_inclusively

    def is_usable(self, project: NormalizedName, place: int) -> bool:
        """Whether the version can be installed, as far as it alone is concerned."""
        try:
            return not self._unusable[project, place]
        except KeyError:
            offer = self.offer(project, place)
            why = "-" if offer is None else self._fault(offer, place)
            self._unusable[project, place] = why
            return not why

    def lack(self, project: NormalizedName, place: int) -> str:
        """Why not, as the end of a sentence that begins with project and version."""
        version = self.shelf(project).versions[place]
        if (offer := self.offer(project, place)) is None:
            return self._source.lack(project, version)
        if offer.file.is_yanked and self.is_usable(project, place):
            return " is yanked"
        return self._unusable.get((project, place), "")

    def _fault(self, offer: Offer, place: int) -> str:
        try:
            metadata = self._source.metadata(offer)
            self.needs(offer.project, place, "")
        except InvalidMetadata as error:
            return f": {error}"
        # Old uploads carry Requires-Python in the file but not on the index page.
        if not self._runs(metadata.requires_python):
            return f" requires Python {metadata.requires_python}"
        if metadata.legacy and self._is_strict:
            return f": {metadata.legacy!r} is no requirement for the pips of this interpreter"
        reason = self._source.rules.release(offer.project, offer.version, metadata)
        return f": {reason}" if reason else ""

    def _runs(self, specifier: SpecifierSet) -> bool:
        # By identity, as in ``Shelf.admitted``.
        known = self._pythons.get(id(specifier))
        if known is None:
            python = self.environment["python_full_version"]
            known = (specifier, specifier.contains(python, prereleases=True))
            self._pythons[id(specifier)] = known
        return known[1]

    def needs(self, project: NormalizedName, place: int, extra: str) -> tuple[Need, ...]:
        """What a version requires by itself, or more with one of its extras."""
        question = (project, place, extra)
        try:
            return self._needs[question]
        except KeyError:
            self._needs[question] = needs = tuple(self._of_release(project, place, extra))
            return needs

    def _of_release(self, project: NormalizedName, place: int, extra: str) -> Iterator[Need]:
        offer = self.offer(project, place)
        clauses = self._source.clauses(offer) if offer is not None else ()
        if not extra:
            yield from (clause.need for clause in clauses if self.holds(clause))
            return
        if (project, place) not in self._indexes:
            rows = ((clause, clause.extras) for clause in clauses)
            self._indexes[project, place] = ExtraIndex(rows)
        # What holds without the extra is the plain project's, which comes with it.
        for clause in self._indexes[project, place].find(extra):
            if self.holds(clause, extra) and not self.holds(clause):
                yield clause.need

    def holds(self, clause: Clause, extra: str = "") -> bool:
        return self._source.markers.holds(clause, self.environment, extra)
