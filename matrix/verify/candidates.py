"""
The wheels of a view that one target can install, in the order in which pip tries them.

Newest version first; within a version the wheel with the best tag, then the highest build number.
A version counts once: pip, too, reads the requirements of the best wheel of a version only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.distributions.extras import ExtraIndex, find_extras
from matrix.verify.view import Offer, View


class Candidates:
    """
    What one target sees of a view.

    Markers, specifiers and wheels are evaluated once and remembered: hundreds of requirements lead
    to the same few, and evaluating a marker costs more than resolving around it.
    """

    def __init__(self, environment: Mapping[str, str], tags: Sequence[Tag], view: View) -> None:
        self.environment = dict(environment)
        self.python = Version(self.environment["python_full_version"])
        self.rank_by_tag = {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
        self.label = f"{tags[0].interpreter}-{tags[0].platform}" if tags else "no tag at all"
        self.view = view
        self._usable: dict[NormalizedName, dict[Version, Offer]] = {}
        self._matching: dict[tuple[NormalizedName, str], tuple[Offer, ...]] = {}
        self._truth_by_marker: dict[tuple[str, str], bool] = {}
        self._pythons: dict[str, bool] = {}
        self._requirements: dict[tuple[Offer, str], tuple[Requirement, ...]] = {}
        self._indexes: dict[Offer, ExtraIndex[Requirement]] = {}

    def find_offers(self, project: NormalizedName) -> tuple[Offer, ...]:
        """Every wheel of ``project``, whether it runs here or not."""
        return self.view.offers_by_project.get(project, ())

    def find_usable(self, project: NormalizedName) -> Mapping[Version, Offer]:
        """The best wheel of each version that runs here, newest version first."""
        if project not in self._usable:
            best: dict[Version, Offer] = {}
            for offer in self.find_offers(project):
                if self.runs(offer) and self.supports_python(offer.metadata.requires_python):
                    known = best.get(offer.name.version)
                    if known is None or self._order(offer) > self._order(known):
                        best[offer.name.version] = offer
            self._usable[project] = {version: best[version] for version in sorted(best)[::-1]}
        return self._usable[project]

    def find_matching(self, project: NormalizedName, specifier: SpecifierSet) -> tuple[Offer, ...]:
        """
        The usable wheels that ``specifier`` allows, newest first.

        As ``packaging`` and pip do it, a pre-release counts if the specifier names one or if
        there is nothing else.
        """
        key = (project, str(specifier))
        if key not in self._matching:
            usable = self.find_usable(project)
            matching = specifier.filter(usable)
            self._matching[key] = tuple(usable[version] for version in matching)
        return self._matching[key]

    def find_requirements(self, offer: Offer, extra: str) -> tuple[Requirement, ...]:
        """What ``offer`` requires here by itself, or more with ``extra``."""
        key = (offer, canonicalize_name(extra))
        if key not in self._requirements:
            self._requirements[key] = tuple(self._find_requirements(*key))
        return self._requirements[key]

    def _find_requirements(self, offer: Offer, extra: str) -> Iterator[Requirement]:
        if not extra:
            yield from (r for r in offer.metadata.requires_dist if self.applies(r.marker))
            return
        if offer not in self._indexes:
            self._indexes[offer] = ExtraIndex(
                (requirement, find_extras(str(requirement.marker)))
                for requirement in offer.metadata.requires_dist
                if requirement.marker is not None
            )
        # What holds without the extra is the plain project's, which comes with it.
        for requirement in self._indexes[offer].find(extra):
            if self.applies(requirement.marker, extra) and not self.applies(requirement.marker):
                yield requirement

    def applies(self, marker: Marker | None, extra: str = "") -> bool:
        """Whether ``marker`` is true here."""
        if marker is None:
            return True
        key = (str(marker), extra)
        if key not in self._truth_by_marker:
            environment = {**self.environment, "extra": canonicalize_name(extra)}
            self._truth_by_marker[key] = marker.evaluate(environment)
        return self._truth_by_marker[key]

    def runs(self, offer: Offer) -> bool:
        """Whether one of the wheel's tags is a tag of the target."""
        return offer.assumed or not self.rank_by_tag.keys().isdisjoint(offer.name.tags)

    def supports_python(self, requires_python: SpecifierSet) -> bool:
        """Whether the target's full version is in ``requires_python``."""
        text = str(requires_python)
        if text not in self._pythons:
            self._pythons[text] = requires_python.contains(self.python, prereleases=True)
        return self._pythons[text]

    def _order(self, offer: Offer) -> tuple[bool, int, tuple[int, str] | tuple[()]]:
        rank = min(
            (self.rank_by_tag[tag] for tag in offer.name.tags if tag in self.rank_by_tag), default=0
        )
        return (not offer.assumed, -rank, offer.name.build)
