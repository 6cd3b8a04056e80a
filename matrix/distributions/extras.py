"""
Which extras decide whether a requirement of a release applies.

A release may have hundreds of extras, and one requirement may name them all. A marker that compares
``extra`` with names can hold differently only for those, so an index finds the few that matter
instead of evaluating every marker for every extra. Evaluating is left to ``packaging``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from typing import Final, Generic, Optional, TypeVar

from packaging.utils import canonicalize_name

Item = TypeVar("Item")
Extras = Optional[frozenset[str]]
"""Normalized names; None where every extra may count."""

# As ``str`` of a marker writes it. A quote inside a string may cut a name short, but a name with a
# quote is no extra's.
_EXTRA: Final = re.compile(r"\bextra\b")
_COMPARISON: Final = re.compile(r'\bextra [=!]= "([^"]+)"|"([^"]+)" [=!]= extra\b')


def find_extras(marker: str) -> Extras:
    """
    The extras with which ``marker``, a text of ``packaging``, can hold differently than without.

    >>> sorted(find_extras('os_name == "nt" and (extra == "b" or "A_a" == extra)'))
    ['a-a', 'b']
    >>> find_extras('extra in "a b"'), find_extras('os_name == "nt"')
    (None, frozenset())
    """
    comparisons = _COMPARISON.findall(marker)
    # Each comparison has the word once, so with equal counts none is outside of a comparison.
    if len(comparisons) != len(_EXTRA.findall(marker)):
        return None
    return frozenset(canonicalize_name(left or right) for left, right in comparisons)


class ExtraIndex(Generic[Item]):
    """Items by the extras that count for them."""

    def __init__(self, items: Iterable[tuple[Item, Extras]]) -> None:
        self._rows_by_extra: dict[str, list[tuple[int, Item]]] = {}
        self._rows_of_any: list[tuple[int, Item]] = []
        for row, (item, extras) in enumerate(items):
            if extras is None:
                self._rows_of_any.append((row, item))
            else:
                for extra in extras:
                    self._rows_by_extra.setdefault(extra, []).append((row, item))

    def find(self, extra: str) -> list[Item]:
        """The items for which ``extra``, a normalized name, may count, in their order."""
        rows = [*self._rows_by_extra.get(extra, ()), *self._rows_of_any]
        return [item for _, item in sorted(rows, key=operator.itemgetter(0))]
