"""Core metadata: the ``METADATA`` of a wheel or the ``PKG-INFO`` of an sdist (PEP 241 to 643)."""

import dataclasses
import functools

from packaging.metadata import RawMetadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from matrix.distributions import headers, requirement, requires_python

# A thousand releases share a few hundred requirements; nobody changes one.
_requirement = functools.lru_cache(maxsize=1 << 16)(requirement.read)


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
    raw = headers.read(data)
    stated = raw.get("requires_dist", [])
    try:
        return CoreMetadata(
            project=canonicalize_name(raw["name"]),
            version=Version(raw["version"]),
            requires_python=requires_python.read(raw.get("requires_python", "")),
            requires_dist=tuple(_requirement(text)[0] for text in stated),
            extras=frozenset(canonicalize_name(extra) for extra in raw.get("provides_extra", [])),
            metadata_version=tuple(int(n) for n in raw.get("metadata_version", "1.0").split(".")),
            dynamic=frozenset(field.lower() for field in raw.get("dynamic", [])),
            licence=_licence(raw),
            legacy=next((text for text in stated if not _requirement(text)[1]), ""),
        )
    except KeyError as error:
        raise InvalidMetadata(f"core metadata without {error}") from error
    except (InvalidVersion, InvalidRequirement, ValueError) as error:
        raise InvalidMetadata(str(error).splitlines()[0]) from error


def stated_licence(data: bytes) -> StatedLicence:
    """What core metadata says of the licence, whatever else is wrong with it."""
    return _licence(headers.read(data))


def _licence(raw: RawMetadata) -> StatedLicence:
    lines = (line.strip() for line in raw.get("license", "").splitlines())
    # distutils wrote UNKNOWN for what it was not told; some put a licence's whole text here.
    text = next((line for line in lines if line), "")
    return StatedLicence(
        expression=raw.get("license_expression", "").strip(),
        classifiers=tuple(
            one for one in raw.get("classifiers", []) if one.startswith("License ::")
        ),
        text="" if text.upper() == "UNKNOWN" else text,
    )
