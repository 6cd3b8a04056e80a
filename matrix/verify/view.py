"""What an installer sees of an index: wheels by project, read from JSON pages on disk."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.distributions import core_metadata, wheel
from matrix.distributions.core_metadata import CoreMetadata, InvalidMetadata
from matrix.distributions.wheel import InvalidWheel, WheelName
from matrix.errors import NotVerified, Problem
from matrix.verify import reading


@dataclasses.dataclass(frozen=True, eq=False)
class Offer:
    """
    One wheel that the index offers.

    ``assumed`` marks a release that is known to be missing, assumed to see whether nothing else is
    missing; it runs everywhere and needs nothing.
    """

    name: WheelName
    metadata: CoreMetadata
    assumed: bool = False


@dataclasses.dataclass(frozen=True)
class View:
    """The wheels that one index offers, by project."""

    offers_by_project: Mapping[NormalizedName, tuple[Offer, ...]]

    @classmethod
    def of(cls, offers: Iterable[Offer]) -> View:
        offers_by_project: dict[NormalizedName, list[Offer]] = {}
        for offer in offers:
            offers_by_project.setdefault(offer.name.project, []).append(offer)
        return cls(
            offers_by_project={p: tuple(offers_by_project[p]) for p in sorted(offers_by_project)}
        )

    def assume(self, releases: Iterable[tuple[str, str]]) -> View:
        """Return the same view with every (project, version) of ``releases``."""
        present = [offer for offers in self.offers_by_project.values() for offer in offers]
        return View.of([*present, *(_assume(*release) for release in releases)])


def _assume(project: str, version: str) -> Offer:
    name = canonicalize_name(project)
    number = Version(version)
    return Offer(
        name=WheelName(
            filename=f"{project} {version}",
            project=name,
            version=number,
            build=(),
            tags=frozenset(),
        ),
        metadata=CoreMetadata(
            project=name,
            version=number,
            requires_python=SpecifierSet(),
            requires_dist=(),
            extras=frozenset(),
            metadata_version=(1, 0),
            dynamic=frozenset(),
        ),
        assumed=True,
    )


OpenWheel = Callable[[str], Offer]


def make_opener(directory: Path) -> OpenWheel:
    """
    Return a function from a wheel's filename to its offer, with its core metadata in ``directory``.

    It reads the ``.metadata`` sidecar once: a dozen views show one wheel.
    """

    @functools.cache
    def open_wheel(filename: str) -> Offer:
        sidecar = directory / f"{filename}.metadata"
        try:
            name = wheel.parse_filename(filename)
            data = reading.read_bytes(sidecar, place=sidecar.name)
            return Offer(name=name, metadata=core_metadata.parse(data))
        except (InvalidWheel, InvalidMetadata) as error:
            raise NotVerified(Problem(place=sidecar.name, what=str(error))) from error

    return open_wheel


def read(*trees: Path, open_wheel: OpenWheel) -> View:
    """Read the view of Simple API pages; of two trees, the first that has a page counts."""
    offers = []
    for project in _read_names(_find_page(trees, "index.json"), "projects", "name"):
        page = _find_page(trees, f"{project}/index.json")
        offers += [open_wheel(filename) for filename in _read_names(page, "files", "filename")]
    return View.of(offers)


def _find_page(trees: Sequence[Path], path: str) -> Path:
    return next((tree / path for tree in trees if (tree / path).exists()), trees[-1] / path)


def _read_names(page: Path, field: str, key: str) -> list[str]:
    data = reading.read_bytes(page, place=str(page))
    try:
        names = [entry[key] for entry in json.loads(data)[field]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"expected a Simple API page with {field!r}, got something else"
        raise NotVerified(Problem(place=str(page), what=what)) from error
    for name in names:
        if not isinstance(name, str) or name in {"", ".", ".."} or "/" in name or "\\" in name:
            what = f"expected the name of a file or directory, got {name!r}"
            raise NotVerified(Problem(place=str(page), what=what))
    return names
