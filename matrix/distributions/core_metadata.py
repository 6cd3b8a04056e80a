"""Core metadata: the ``METADATA`` of a wheel or the ``PKG-INFO`` of an sdist (PEP 241 to 643)."""

import dataclasses

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version


class InvalidMetadata(ValueError):
    """Core metadata that nobody could resolve with."""


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

    @property
    def requirements_are_static(self) -> bool:
        """Whether every wheel of the release has these requirements too (PEP 643)."""
        return self.metadata_version >= (2, 2) and "requires-dist" not in self.dynamic


def parse(data: bytes) -> CoreMetadata:
    """
    Read core metadata leniently: fields that do not matter here may be wrong.

    Raises ``InvalidMetadata`` when a field that does matter (name, version, Requires-Python,
    Requires-Dist) is missing or cannot be read: a requirement that is skipped would make a closure
    that does not install.
    """
    raw, _ = parse_email(data)
    try:
        return CoreMetadata(
            project=canonicalize_name(raw["name"]),
            version=Version(raw["version"]),
            requires_python=SpecifierSet(raw.get("requires_python", "")),
            requires_dist=tuple(Requirement(text) for text in raw.get("requires_dist", [])),
            extras=frozenset(canonicalize_name(extra) for extra in raw.get("provides_extra", [])),
            metadata_version=tuple(int(n) for n in raw.get("metadata_version", "1.0").split(".")),
            dynamic=frozenset(field.lower() for field in raw.get("dynamic", [])),
        )
    except KeyError as error:
        raise InvalidMetadata(f"core metadata without {error}") from error
    except (InvalidVersion, InvalidSpecifier, InvalidRequirement, ValueError) as error:
        raise InvalidMetadata(str(error).splitlines()[0]) from error
