"""
What a distribution's filename says, split as cheaply as a page of thousands of files needs.

``head`` reads no tags and no version: most files of a page are never looked at again. What it
accepts, ``packaging`` reads; the tests hold the two against each other.
"""

import functools
import math
from typing import Final

from packaging.tags import Tag, parse_tag
from packaging.utils import BuildTag, NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.edge import limits

WHEEL: Final = ".whl"
# packaging reads .tar.gz and .zip only; older uploads also came as the others.
SDISTS: Final = (".tar.gz", ".zip", ".tar.bz2", ".tgz")
_DIGITS: Final = frozenset("0123456789")
_WITH_BUILD: Final = 6
"""Parts of a wheel's name; one less without a build tag."""

Head = tuple[str, str]
"""Project and version, as written."""


def head(filename: str) -> Head | None:
    """The first two parts of a wheel's or sdist's name; None for every other file."""
    # A name from outside becomes a path of the cache, and a line of the lock.
    if "/" in filename or "\\" in filename or filename[:1] == "." or not filename.isprintable():
        return None
    if len(filename) > limits.cap("wheel filename characters"):
        return None
    if filename.endswith(WHEEL):
        return _wheel_head(filename.removesuffix(WHEEL).split("-"))
    for suffix in SDISTS:
        if filename.endswith(suffix):
            project, _, version = filename.removesuffix(suffix).rpartition("-")
            return (project, version) if project else None
    return None


def _wheel_head(parts: list[str]) -> Head | None:
    if len(parts) == _WITH_BUILD:
        if parts[2][:1] not in _DIGITS:  # a build tag starts with a digit
            return None
    elif len(parts) != _WITH_BUILD - 1:
        return None
    # Runs of dots and underscores are escaped to one underscore (binary distribution format).
    return None if "__" in parts[0] or "" in parts else (parts[0], parts[1])


def version(parts: Head, project: NormalizedName) -> Version | None:
    """The version that a head names, or None when it is of another project or no version."""
    if _normalized(parts[0]) != project:
        return None
    try:
        return parsed(parts[1])
    except ValueError:
        # InvalidVersion is one; int() raises the other for a number of more than 4,300 digits.
        return None


def build(filename: str) -> BuildTag:
    """The build tag of a wheel: empty for most, and for an sdist."""
    parts = filename.split("-")
    if not filename.endswith(WHEEL) or len(parts) != _WITH_BUILD:
        return ()
    digits = len(parts[2]) - len(parts[2].lstrip("0123456789"))
    return int(parts[2][:digits]), parts[2][digits:]


def tags(filename: str) -> frozenset[Tag]:
    """The tags of a wheel; empty for an sdist. Raises ``ValueError`` for tags that are none."""
    if not filename.endswith(WHEEL):
        return frozenset()
    triple = filename.removesuffix(WHEEL).rsplit("-", 3)[1:]
    # Compressed tags are a product: 300 characters can stand for millions.
    limits.check("tags of a wheel", math.prod(p.count(".") + 1 for p in triple), ValueError)
    return _tags("-".join(triple))


# Thousands of files share a few hundred triples, on the pages of all projects.
# And as few spellings of their project.
_normalized = functools.lru_cache(maxsize=1 << 14)(canonicalize_name)
_tags = functools.lru_cache(maxsize=None)(parse_tag)
parsed = functools.lru_cache(maxsize=None)(Version)
"""The version that a text names; projects share most of them."""
