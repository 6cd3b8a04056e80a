"""
Requires-Python as it was meant.

Old uploads carry what setuptools once let pass, ``>=2.7.*`` above all. Current pips ignore the
whole of a specifier that they cannot read, older ones read it as ``>=2.7``; so do we, because that
is never wrong for either.
"""

from __future__ import annotations

import contextlib
import functools
import re
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from matrix.distributions.requirement import check_size

# PEP 440 allows the ".*" after == and != only.
_STAR: Final = re.compile(r"(>=|<=|>|<|~=)\s*([0-9][0-9.]*?)\.\*")
# "~=3" says nothing that ">=3" does not.
_SHORT: Final = re.compile(r"~=\s*(\d+)\s*(?=,|$)")


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> SpecifierSet:
    """
    The interpreters that a release is for; all of them when ``text`` cannot be read.

    >>> [str(parse(text)) for text in (">=2.7.*", "~=3", "3.6 or later")]
    ['>=2.7', '>=3', '']
    """
    try:
        check_size(text, InvalidSpecifier)
    except InvalidSpecifier:
        return SpecifierSet()
    for attempt in (text, _SHORT.sub(r">=\1", _STAR.sub(r"\1\2", text))):
        with contextlib.suppress(InvalidSpecifier):
            return SpecifierSet(attempt)
    return SpecifierSet()


@functools.lru_cache(maxsize=65536)
def admits(text: str, python: str) -> bool:
    """Whether Requires-Python ``text`` admits an interpreter's full version."""
    return parse(text).contains(python, prereleases=True)
