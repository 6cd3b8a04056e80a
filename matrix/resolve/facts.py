"""What an index and the manifest say, read once for all targets."""

import dataclasses
import functools
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.distributions import core_metadata, sdist
from matrix.distributions.core_metadata import CoreMetadata, InvalidMetadata
from matrix.distributions.sdist import Excerpt
from matrix.index.oddities import UNUSABLE_METADATA
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import Recipe
from matrix.resolve.candidates import Offer, Offers
from matrix.resolve.metadata_builder import MetadataBuilder
from matrix.resolve.provider import Clause, Markers, Source
from matrix.resolve.rules import CachedRules, Rules
from matrix.resolve.shelf import Shelf
from matrix.targets.target import Target

if TYPE_CHECKING:
    # Most commands have a lock and never need the index's client, which takes long to import.
    from matrix.index.client import Index
    from matrix.index.page import PublishedFile


class Facts:
    """The answers to every ``Source``; each is found when it is first asked for."""

    def __init__(
        self,
        index: "Index",
        manifest: Manifest,
        rules: Rules,
        metadata_builder: MetadataBuilder | None = None,
    ) -> None:
        self._index = index
        self._manifest = manifest
        self._builder = metadata_builder
        # Metadata are kept as long as this is.
        self._rules = CachedRules(rules)
        self._markers = Markers()
        self._metadata: dict[str, CoreMetadata | str] = {}
        self._clauses: dict[str, tuple[Clause, ...]] = {}
        self._clause_of: dict[int, tuple[Requirement, Clause]] = {}
        self._offers = functools.cache(self._make_offers)
        self._recipe = functools.cache(self._read_recipe)
        self.shelf = functools.cache(self._read_shelf)

    def source(self, target: Target, *, never_wheels_of: frozenset[NormalizedName]) -> Source:
        """What one target is told."""
        offers = self._offers(target, never_wheels_of)
        return Source(
            shelf=self.shelf,
            running=functools.cache(lambda project: self.shelf(project).running(offers.runs)),
            offer=lambda project, version: offers.of(self.shelf(project), version),
            lack=lambda project, version: offers.lack(self.shelf(project).files(version)),
            metadata=lambda offer: self.metadata(offer, target),
            clauses=lambda offer: self.clauses(offer, target),
            clause=self.clause,
            rules=self._rules,
            markers=self._markers,
        )

    def metadata(self, offer: Offer, target: Target) -> CoreMetadata:
        """Raises ``InvalidMetadata`` when it is unusable."""
        question = self._question(offer, target)
        known = self._metadata.get(question)
        if known is None:
            try:
                known = self._read_metadata(offer, target)
            except InvalidMetadata as error:
                known = str(error)
                self._index.oddities.add(offer.file.filename, UNUSABLE_METADATA, known)
            self._metadata[question] = known
        if isinstance(known, str):
            raise InvalidMetadata(known)
        return known

    def clauses(self, offer: Offer, target: Target) -> tuple[Clause, ...]:
        """The requirements of a release."""
        question = self._question(offer, target)
        known = self._clauses.get(question)
        if known is None:
            known = tuple(map(self.clause, self.metadata(offer, target).requires_dist))
            self._clauses[question] = known
        return known

    def clause(self, requirement: Requirement) -> Clause:
        """A requirement, and what decides whether it holds."""
        # By identity: equal texts are one requirement (``core_metadata``), and comparing two takes
        # longer than all the rest. Keeping the requirement keeps its identity.
        known = self._clause_of.get(id(requirement))
        if known is None:
            self._clause_of[id(requirement)] = known = (requirement, Clause.of(requirement))
        return known[1]

    def _question(self, offer: Offer, target: Target) -> str:
        """The file, and the interpreter where that decides what its metadata say."""
        if self._is_dynamic(offer):
            return f"{offer.file.sha256} {target.python.identifier}"
        return offer.file.sha256

    def _is_dynamic(self, offer: Offer) -> bool:
        if self._builder is None or offer.file.is_wheel:
            return False
        return self._recipe(offer.project).dynamic

    def _read_shelf(self, project: NormalizedName) -> Shelf:
        page = self._index.fetch_page(project)
        if page is None:
            return Shelf(project, (), files=lambda _: (), pythons=lambda _: frozenset())
        releases = page.releases
        return Shelf(project, tuple(releases), files=releases.__getitem__, pythons=releases.pythons)

    def _read_metadata(self, offer: Offer, target: Target) -> CoreMetadata:
        if offer.file.is_wheel:
            fields = self._index.fetch_fields(offer.file)
            return _check_release(core_metadata.from_fields(fields), offer)
        try:
            excerpt = self.excerpt(offer.file)
            is_dynamic = self._is_dynamic(offer)
            if self._builder is not None and (is_dynamic or not sdist.is_static(excerpt)):
                return self._build(offer, self._builder, target if is_dynamic else None)
            source = sdist.parse_metadata(excerpt)
        except sdist.InvalidSdist as error:
            raise InvalidMetadata(str(error)) from error
        metadata = _check_release(source.metadata, offer)
        return dataclasses.replace(metadata, requires_dist=source.declared_requirements)

    def _build(self, offer: Offer, builder: MetadataBuilder, target: Target | None) -> CoreMetadata:
        file = offer.file
        content = builder.metadata(file, lambda: self._index.fetch_file(file), target)
        built = core_metadata.parse(content)
        if (built.project, built.version) != (offer.project, offer.version):
            raise InvalidMetadata(f"its build makes {built.project} {built.version}")
        return built

    def excerpt(self, file: "PublishedFile") -> Excerpt:
        """What an sdist tells without being built; raises ``InvalidSdist``."""
        return Excerpt.parse(
            self._index.fetch_excerpt(file, lambda path: sdist.read_excerpt(path).dump())
        )

    def fetch(self, file: "PublishedFile") -> None:
        """Fetch what ``metadata`` is read from; any thread may call this."""
        if file.is_wheel:
            self._index.fetch_fields(file)
        else:
            self.excerpt(file)

    def has(self, file: "PublishedFile") -> bool:
        """Whether there is nothing to ``fetch``."""
        return file.is_wheel and self._index.has_fields(file)

    def _make_offers(self, target: Target, never_wheels_of: frozenset[NormalizedName]) -> Offers:
        return Offers(
            target,
            never_wheels_of=never_wheels_of,
            rules=self._rules,
            known_bad=self._known_bad,
        )

    def _read_recipe(self, project: NormalizedName) -> Recipe:
        return find_recipe(self._manifest, project)

    def _known_bad(self, project: NormalizedName, version: Version, target: Target) -> str:
        return self._recipe(project).why_not(version, target)


def _check_release(metadata: CoreMetadata, offer: Offer) -> CoreMetadata:
    """Refuse the metadata of another project or version: no build and no bundle would take it."""
    if (metadata.project, metadata.version) != (offer.project, offer.version):
        what = f"its metadata are those of {metadata.project} {metadata.version}"
        raise InvalidMetadata(what)
    return metadata
