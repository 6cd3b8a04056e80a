"""
Requires-Dist as older pips read it.

Before PEP 440 was enforced, uploads could say ``pytz (>=2011k)`` or ``six (>=1.4.*)``. pip took
them until 24.0, the last one for Python 3.7; later pips pass such releases over. Many of the last
releases for Python 2.7 are of this kind.
"""

from __future__ import annotations

import contextlib
import re
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, Specifier

_PARTS: Final = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?)\s*\(?(?P<limits>[^;()@]*)\)?\s*"
    r"(?P<marker>;.*)?",
    re.DOTALL,
)
_LIMIT: Final = re.compile(r"\s*(>=|<=|>|<|~=|===?|!=)\s*(\S+)\s*")
# What was no version counted as older than every version.
_ALWAYS_TRUE: Final = frozenset({">=", ">", "!="})


def parse(text: str) -> tuple[Requirement, bool]:
    """
    The requirement, and whether every pip can read it; raises ``InvalidRequirement``.

    >>> [str(parse(text)[0]) for text in ("pytz (>=2011k)", "six[x] (<2,>=1.4.*); extra == 'y'")]
    ['pytz', 'six[x]<2,>=1.4; extra == "y"']
    """
    try:
        return Requirement(text), True
    except InvalidRequirement:
        parts = _PARTS.fullmatch(text)
        if parts is None:
            raise
        limits = [_limit(limit) for limit in parts["limits"].split(",")]
        if None in limits:
            raise
        specifier = ",".join(limit for limit in limits if limit)
        return Requirement(f"{parts['name']}{specifier}{parts['marker'] or ''}"), False


def _limit(text: str) -> str | None:
    """As current packaging reads it; empty when it rules nothing out, None when unreadable."""
    parts = _LIMIT.fullmatch(text)
    if parts is None:
        return None
    for attempt in (f"{parts[1]}{parts[2]}", f"{parts[1]}{parts[2].removesuffix('.*')}"):
        with contextlib.suppress(InvalidSpecifier):
            return str(Specifier(attempt))
    return "" if parts[1] in _ALWAYS_TRUE else None
