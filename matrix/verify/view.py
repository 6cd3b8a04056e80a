"""What an installer sees of an index: wheels by project, read from the JSON pages on disk."""

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
from matrix.edge import files
from matrix.errors import MatrixError, NotVerified, Problem


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offer:
    """
    One wheel that the index offers.

    ``assumed`` is true for a release that is known to be missing, taken for granted to see whether
    everything else is there; it runs everywhere and needs nothing.
    """

    name: WheelName
    metadata: CoreMetadata
    assumed: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The wheels that one index offers, by project."""

    offers: Mapping[NormalizedName, tuple[Offer, ...]]

    @classmethod
    def of(cls, offers: Iterable[Offer]) -> "View":
        grouped: dict[NormalizedName, list[Offer]] = {}
        for offer in offers:
            grouped.setdefault(offer.name.project, []).append(offer)
        return cls(offers={project: tuple(grouped[project]) for project in sorted(grouped)})

    def assuming(self, releases: Iterable[tuple[str, str]]) -> "View":
        """The same view, and every (project, version) of ``releases``."""
        present = [offer for offers in self.offers.values() for offer in offers]
        return View.of([*present, *(_assumed(*release) for release in releases)])


def _assumed(project: str, version: str) -> Offer:
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


Opener = Callable[[str], Offer]


def opener(directory: Path) -> Opener:
    """
    A function from a wheel's filename to what ``directory`` says of it.

    It reads the ``.metadata`` sidecar and keeps the answer: a dozen views show one wheel.
    """

    @functools.cache
    def opened(filename: str) -> Offer:
        sidecar = directory / f"{filename}.metadata"
        try:
            name = wheel.parse_filename(filename)
            with files.reading(sidecar) as stream:
                return Offer(name=name, metadata=core_metadata.parse(stream.read()))
        except (InvalidWheel, InvalidMetadata) as error:
            raise NotVerified(Problem(place=sidecar.name, what=str(error))) from error

    return opened


def read(*trees: Path, opened: Opener) -> View:
    """The view that Simple API pages give; of two trees, the first that has a page counts."""
    offers = []
    for project in _names(_page(trees, "index.json"), "projects", "name"):
        page = _page(trees, f"{project}/index.json")
        offers += [opened(filename) for filename in _names(page, "files", "filename")]
    return View.of(offers)


def _page(trees: Sequence[Path], path: str) -> Path:
    return next((tree / path for tree in trees if (tree / path).exists()), trees[-1] / path)


def _names(page: Path, listed: str, key: str) -> list[str]:
    try:
        with files.reading(page) as stream:
            names = [entry[key] for entry in json.load(stream)[listed]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"expected a Simple API page with {listed!r}, got something else"
        raise NotVerified(Problem(place=str(page), what=what)) from error
    except MatrixError as error:
        raise NotVerified(*error.problems) from error
    for name in names:
        if not isinstance(name, str) or name in {"", ".", ".."} or "/" in name or "\\" in name:
            what = f"expected the name of a file or directory, got {name!r}"
            raise NotVerified(Problem(place=str(page), what=what))
    return names
