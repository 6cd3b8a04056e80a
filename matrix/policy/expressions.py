"""
Whether an SPDX licence expression may be taken, when some licences are allowed and some denied.

``OR`` is a choice, so one acceptable side is enough; ``AND`` binds to both. An exception (``WITH``)
only adds permissions: a rule on a licence holds for it with an exception too, unless a rule names
the pair.
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

# SPDX deprecated the bare identifiers of these families: they meant "this version only".
_SUFFIXED: Final = frozenset({"AGPL", "GFDL", "GPL", "LGPL"})


class InvalidLicence(ValueError):
    """Text that is not a valid SPDX expression."""


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """One licence, perhaps with an exception."""

    licence: str
    exception: str = ""

    def __str__(self) -> str:
        return f"{self.licence} WITH {self.exception}" if self.exception else self.licence


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """Expressions of which one is enough."""

    parts: tuple["Expression", ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Both:
    """Expressions that bind together."""

    parts: tuple["Expression", ...]


Expression = Term | Choice | Both
LONGEST: Final = 2000
DEEPEST: Final = 20


# packaging compiles every expression, and thousands of releases state the same dozens.
@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """
    The expression that ``text`` is.

    Distributions are foreign: what is too long or too deep for a licence is refused unread.

    >>> parse("mit")
    Term(licence='MIT', exception='')
    """
    try:
        if len(text) > LONGEST or _depth(text) > DEEPEST:
            raise InvalidLicence(f"{text[:40]!r}... is not a valid SPDX expression")
        canonical = canonicalize_license_expression(text)
    except InvalidLicenseExpression as error:
        raise InvalidLicence(f"{text!r} is not a valid SPDX expression") from error
    return _either(_Words(canonical.replace("(", " ( ").replace(")", " ) ").split()))


def _depth(text: str) -> int:
    """How many parentheses are open at once, at most."""
    steps = ({"(": 1, ")": -1}.get(character, 0) for character in text)
    return max(itertools.accumulate(steps), default=0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Rules on licences: identifiers, or patterns over them; without ``allow`` all are allowed."""

    allow: Sequence[str]
    deny: Sequence[str]

    def objection(self, expression: Expression) -> str:
        """Why ``expression`` may not be taken, in a few words; empty when it may."""
        match expression:
            case Term():
                return self._against(expression)
            case Choice(parts):
                each = [self.objection(part) for part in parts]
                return each[0] if all(each) else ""
            case _:
                return next(filter(None, map(self.objection, expression.parts)), "")

    def _against(self, term: Term) -> str:
        pair = [str(term)] if term.exception else []
        for text in (*pair, term.licence):
            if _is_in(text, self.deny):
                return f"{term} is denied (policy.licences.deny)"
            if _is_in(text, self.allow):
                return ""
        return f"{term} is not allowed (policy.licences.allow)" if self.allow else ""


def _is_in(text: str, patterns: Sequence[str]) -> bool:
    # Only who writes WITH means a pair: GPL-* is about licences.
    is_pair = " WITH " in text
    alike = (each for each in patterns if (" WITH " in each.upper()) == is_pair)
    return any(fnmatchcase(text.lower(), _current(each).lower()) for each in alike)


def _current(licence: str) -> str:
    """
    The identifier that SPDX uses today; pairs are left as they are.

    >>> _current("LGPL-2.1+"), _current("AGPL-3.0"), _current("GPL-*"), _current("GFDL-1.3-only")
    ('LGPL-2.1-or-later', 'AGPL-3.0-only', 'GPL-*', 'GFDL-1.3-only')
    """
    family, _, version = licence.rpartition("-")
    if family not in _SUFFIXED or not version.rstrip("+").replace(".", "").isdigit():
        return licence
    return f"{licence[:-1]}-or-later" if licence.endswith("+") else f"{licence}-only"


class _Words:
    def __init__(self, words: Sequence[str]) -> None:
        self._words: Iterator[str] = iter(words)
        self.next = next(self._words, "")

    def take(self) -> str:
        taken, self.next = self.next, next(self._words, "")
        return taken


def _either(words: _Words) -> Expression:
    parts = [_both(words)]
    while words.next == "OR":
        words.take()
        parts.append(_both(words))
    return parts[0] if len(parts) == 1 else Choice(tuple(parts))


def _both(words: _Words) -> Expression:
    parts = [_one(words)]
    while words.next == "AND":
        words.take()
        parts.append(_one(words))
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def _one(words: _Words) -> Expression:
    first = words.take()
    if first == "(":
        inside = _either(words)
        words.take()
        return inside
    if words.next == "WITH":
        words.take()
        return Term(_current(first), words.take())
    return Term(_current(first))
