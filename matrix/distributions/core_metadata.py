"""Core metadata: the ``METADATA`` of a wheel or the ``PKG-INFO`` of an sdist (PEP 241 to 643)."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any, TypedDict, cast

from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.distributions import headers, requirement, requires_python
from matrix.edge import limits
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.utils import NormalizedName

# A thousand releases share a few hundred requirements, which no caller changes.
_requirement = functools.lru_cache(maxsize=1 << 16)(requirement.parse)
_version = functools.lru_cache(maxsize=1 << 14)(Version)


class Fields(TypedDict, total=False):
    """The fields of core metadata that matter here, as written; ``headers.FIELDS`` names them."""

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
    """Core metadata that a resolver cannot use."""


@dataclasses.dataclass(frozen=True)
class StatedLicence:
    """The licence that a release states: an expression (PEP 639), else classifiers and text."""

    expression: str = ""
    classifiers: tuple[str, ...] = ()
    """Those that begin with ``License ::``, as written."""
    text: str = ""
    """The first line of the License field that is not empty."""


@dataclasses.dataclass(frozen=True)
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
    """The first requirement that pips for Python 3.8 and newer cannot read; empty if none."""

    @property
    def requirements_are_static(self) -> bool:
        """Whether every wheel of the release has these requirements too (PEP 643)."""
        return self.metadata_version >= (2, 2) and "requires-dist" not in self.dynamic


def parse(data: bytes) -> CoreMetadata:
    """
    Parse core metadata leniently: fields that do not matter here may be wrong.

    Raises ``InvalidMetadata`` when a field that does matter (name, version, Requires-Dist) is
    missing or cannot be read: a requirement that is skipped would make a closure that does not
    install.
    """
    return from_fields(parse_fields(data))


def parse_fields(data: bytes) -> Fields:
    """The fields that ``from_fields`` reads, unchecked: small enough to cache for every release."""
    with translate_errors(InvalidMetadata):
        limits.check("METADATA bytes", len(data), InvalidMetadata)
        raw = cast("dict[str, Any]", headers.parse(data))
    fields = {field: raw[field] for field in headers.FIELDS if field in raw}
    if "license" in fields:
        fields["license"] = _first_line(fields["license"])
    if "classifiers" in fields:
        fields["classifiers"] = _select_licences(fields["classifiers"])
    return cast("Fields", fields)


def from_fields(raw: Fields) -> CoreMetadata:
    """As ``parse``, from the result of ``parse_fields``."""
    for field in ("name", "version"):
        if field not in raw:
            raise InvalidMetadata(f"core metadata without {field!r}")
    stated = raw.get("requires_dist", [])
    with translate_errors(InvalidMetadata):
        _check_sizes(raw)
        return CoreMetadata(
            project=canonicalize_name(raw["name"]),
            version=_version(raw["version"]),
            requires_python=requires_python.parse(raw.get("requires_python", "")),
            requires_dist=tuple(_requirement(text)[0] for text in stated),
            extras=frozenset(canonicalize_name(extra) for extra in raw.get("provides_extra", [])),
            metadata_version=tuple(int(n) for n in raw.get("metadata_version", "1.0").split(".")),
            dynamic=frozenset(field.lower() for field in raw.get("dynamic", [])),
            licence=parse_licence(raw),
            legacy=next((text for text in stated if not _requirement(text)[1]), ""),
        )


def _check_sizes(raw: Fields) -> None:
    limits.check("requirements", len(raw.get("requires_dist", ())), InvalidMetadata)
    limits.check("extras", len(raw.get("provides_extra", ())), InvalidMetadata)
    for text in (raw["version"], raw.get("requires_python", ""), raw.get("metadata_version", "")):
        requirement.check_size(text, InvalidMetadata)


def parse_licence(raw: Fields) -> StatedLicence:
    """The licence that core metadata state, even where other fields are wrong."""
    text = _first_line(raw.get("license", ""))
    # distutils wrote UNKNOWN for a field that setup.py did not set.
    return StatedLicence(
        expression=raw.get("license_expression", "").strip(),
        classifiers=tuple(_select_licences(raw.get("classifiers", []))),
        text="" if text.upper() == "UNKNOWN" else text,
    )


def _first_line(text: str) -> str:
    """The first line that is not empty: some releases put a licence's whole text here."""
    return next((line for line in map(str.strip, text.splitlines()) if line), "")


def _select_licences(classifiers: Iterable[str]) -> list[str]:
    return [classifier for classifier in classifiers if classifier.startswith("License ::")]
