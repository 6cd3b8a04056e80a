"""Core metadata: the ``METADATA`` of a wheel or the ``PKG-INFO`` of an sdist (PEP 241 to 643)."""

import dataclasses
import functools
from collections.abc import Iterable
from typing import Any, TypedDict, cast

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from matrix.distributions import headers, requirement, requires_python

# A thousand releases share a few hundred requirements; nobody changes one.
_requirement = functools.lru_cache(maxsize=1 << 16)(requirement.read)
_version = functools.lru_cache(maxsize=1 << 14)(Version)


class Fields(TypedDict, total=False):
    """What core metadata say of what matters here, as written; ``headers.READ`` names them too."""

    metadata_version: str
    name: str
    version: str
    requires_python: str
    license: str
    license_expression: str
    requires_dist: list[str]
    provides_extra: list[str]
    dynamic: list[str]
    classifiers: list[str]


class InvalidMetadata(ValueError):
    """Core metadata that nobody could resolve with."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StatedLicence:
    """What a release says of its licence, unjudged: an expression (PEP 639), else older words."""

    expression: str = ""
    classifiers: tuple[str, ...] = ()
    """Those that begin with ``License ::``, as written."""
    text: str = ""
    """The first line of the License field that says something."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CoreMetadata:
    """The part of core metadata that decides what installs where."""

    project: NormalizedName
    version: Version
    requires_python: SpecifierSet
    requires_dist: tuple[Requirement, ...]
    extras: frozenset[NormalizedName]
    metadata_version: tuple[int, ...]
    dynamic: frozenset[str]
    licence: StatedLicence = StatedLicence()
    legacy: str = ""
    """The first requirement that pips for Python 3.8 and newer cannot read, if there is one."""

    @property
    def requirements_are_static(self) -> bool:
        """Whether every wheel of the release has these requirements too (PEP 643)."""
        return self.metadata_version >= (2, 2) and "requires-dist" not in self.dynamic


def parse(data: bytes) -> CoreMetadata:
    """
    Read core metadata leniently: fields that do not matter here may be wrong.

    Raises ``InvalidMetadata`` when a field that does matter (name, version, Requires-Dist) is
    missing or cannot be read: a requirement that is skipped would make a closure that does not
    install.
    """
    return of(fields(data))


def fields(data: bytes) -> Fields:
    """What ``of`` looks at, unjudged, and no more: small enough to be kept of every release."""
    raw = cast("dict[str, Any]", headers.read(data))
    found = {field: raw[field] for field in headers.READ if field in raw}
    if "license" in found:
        found["license"] = _first_line(found["license"])
    if "classifiers" in found:
        found["classifiers"] = _licences(found["classifiers"])
    return cast("Fields", found)


def of(raw: Fields) -> CoreMetadata:
    """As ``parse``, of what ``fields`` found."""
    stated = raw.get("requires_dist", [])
    try:
        return CoreMetadata(
            project=canonicalize_name(raw["name"]),
            version=_version(raw["version"]),
            requires_python=requires_python.read(raw.get("requires_python", "")),
            requires_dist=tuple(_requirement(text)[0] for text in stated),
            extras=frozenset(canonicalize_name(extra) for extra in raw.get("provides_extra", [])),
            metadata_version=tuple(int(n) for n in raw.get("metadata_version", "1.0").split(".")),
            dynamic=frozenset(field.lower() for field in raw.get("dynamic", [])),
            licence=stated_licence(raw),
            legacy=next((text for text in stated if not _requirement(text)[1]), ""),
        )
    except KeyError as error:
        raise InvalidMetadata(f"core metadata without {error}") from error
    except (InvalidVersion, InvalidRequirement, ValueError) as error:
        raise InvalidMetadata(str(error).splitlines()[0]) from error


def stated_licence(raw: Fields) -> StatedLicence:
    """What core metadata say of the licence, whatever else is wrong with them."""
    text = _first_line(raw.get("license", ""))
    # distutils wrote UNKNOWN for what it was not told.
    return StatedLicence(
        expression=raw.get("license_expression", "").strip(),
        classifiers=tuple(_licences(raw.get("classifiers", []))),
        text="" if text.upper() == "UNKNOWN" else text,
    )


def _first_line(text: str) -> str:
    """Some put a licence's whole text here."""
    return next((line for line in map(str.strip, text.splitlines()) if line), "")


def _licences(classifiers: Iterable[str]) -> list[str]:
    return [one for one in classifiers if one.startswith("License ::")]
