"""
Requires-Dist as older pips read it.

Before PEP 440 was enforced, uploads could say ``pytz (>=2011k)`` or ``six (>=1.4.*)``. pip took
them until 24.0, the last one for Python 3.7; later pips pass such releases over. Many of the last
releases for Python 2.7 are of this kind.

The text is foreign and may be long, so it is split from left to right, without an expression that
could try one blank in several places.
"""

from __future__ import annotations

import contextlib
import re
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, Specifier

from matrix.edge import limits
from matrix.edge.foreign import translate_errors

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LIMIT: Final = re.compile(r"(>=|<=|>|<|~=|===?|!=)\s*(\S+)")
_NOT_IN_LIMITS: Final = frozenset("();@")
# What was no version counted as older than every version.
_ALWAYS_TRUE: Final = frozenset({">=", ">", "!="})


def parse(text: str) -> tuple[Requirement, bool]:
    """
    The requirement, and whether every pip can read it; raises ``InvalidRequirement``.

    >>> [str(parse(text)[0]) for text in ("pytz (>=2011k)", "six[x] (<2,>=1.4.*); extra == 'y'")]
    ['pytz', 'six[x]<2,>=1.4; extra == "y"']
    """
    check_size(text, InvalidRequirement)
    with translate_errors(InvalidRequirement):
        try:
            return Requirement(text), True
        except InvalidRequirement:
            modern = _modernize(text)
            if modern is None:
                raise
            return Requirement(modern), False


def check_size(text: str, error: type[Exception]) -> None:
    """Raise ``error`` for a requirement or specifier that is too long, or a number in it."""
    limits.check("requirement characters", len(text), error)
    limits.check_digits(text, error)


def _modernize(text: str) -> str | None:
    """``text`` as current packaging reads it; None for what no pip could read."""
    head, semicolon, marker = text.partition(";")
    head = head.strip()
    name = _NAME.match(head)
    if name is None:
        return None
    rest, extras = head[name.end() :].lstrip(), ""
    if rest.startswith("["):
        extras, bracket, rest = rest.partition("]")
        if not bracket:
            return None
        extras, rest = f"{extras}]", rest.lstrip()
    rest = rest.removeprefix("(").removesuffix(")")
    if not _NOT_IN_LIMITS.isdisjoint(rest):
        return None
    specifiers = [_modernize_limit(limit.strip()) for limit in rest.split(",")]
    if None in specifiers:
        return None
    specifier = ",".join(filter(None, specifiers))
    return f"{name[0]}{extras}{specifier}{semicolon}{marker}"


def _modernize_limit(text: str) -> str | None:
    """As current packaging reads it; empty when it rules nothing out, None when unreadable."""
    parts = _LIMIT.fullmatch(text)
    if parts is None:
        return None
    for attempt in (f"{parts[1]}{parts[2]}", f"{parts[1]}{parts[2].removesuffix('.*')}"):
        with contextlib.suppress(InvalidSpecifier):
            return str(Specifier(attempt))
    return "" if parts[1] in _ALWAYS_TRUE else None
