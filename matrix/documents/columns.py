"""
Many rows of one type at once, column by column: most of a lock are some thousand equal rows.

A column is checked by functions that run in C. They say no more than that something differs; then
the rows are decoded one by one, which finds the place.
"""

import itertools
import typing
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from packaging.utils import NormalizedName

from matrix.documents.loading import InvalidDocument

Column = Callable[[list[Any]], Sequence[Any]]
_TEXTS = (tuple[str, ...], tuple[NormalizedName, ...])
_STRING: Final[set[type]] = {str}
_LIST: Final[set[type]] = {list}


def rows_decoder(kind: Any, decode_by_name: dict[str, Callable[[Any], Any]]) -> Column:  # noqa: ANN401 - a dataclass
    """A function from JSON objects to values of ``kind``; it raises ``InvalidDocument``."""
    hints = typing.get_type_hints(kind, include_extras=True)
    columns = [(name, _column(hint, decode_by_name[name])) for name, hint in hints.items()]
    names = hints.keys()

    def decode_rows(loaded: list[Any]) -> Sequence[Any]:
        if {*map(type, loaded)} - {dict} or not all(map(names.__eq__, map(dict.keys, loaded))):
            raise InvalidDocument("a row that is none")
        decoded = [decode([row[name] for row in loaded]) for name, decode in columns]
        return [
            kind(**dict(zip(names, values, strict=True))) for values in zip(*decoded, strict=True)
        ]

    return decode_rows


def _column(hint: Any, decode: Callable[[Any], Any]) -> Column:  # noqa: ANN401 - annotations are its input
    if hint in {str, int, bool}:
        return lambda column: _check(column, {hint})
    if hint in _TEXTS:
        return _texts
    if typing.get_origin(hint) is Annotated:
        kind, constraint = typing.get_args(hint)
        kinds = {getattr(kind, "__supertype__", kind)}
        return lambda column: _check(column, kinds, constraint.holds)
    return lambda column: [*map(decode, column)]


def _check(
    column: list[Any], kinds: set[type], holds: Callable[[Any], object] | None = None
) -> list[Any]:
    if {*map(type, column)} - kinds or not (holds is None or all(map(holds, column))):
        raise InvalidDocument("a value that differs")
    return column


def _texts(column: list[Any]) -> list[tuple[str, ...]]:
    _check(column, _LIST)
    if {*map(type, itertools.chain.from_iterable(column))} - _STRING:
        raise InvalidDocument("an item that differs")
    return [*map(tuple, column)]
