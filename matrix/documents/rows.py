"""
A document with one row a line, sorted by its writer.

So that a change touches few lines, two merge requests that add different rows merge, and two
documents can be compared with any tool. Single values come first, then one section for each field
that is a tuple, in the order of the fields.
"""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from packaging.version import Version

from matrix.documents import schemas
from matrix.documents.decoding import decoder, show
from matrix.documents.fields import Pins
from matrix.documents.loading import InvalidDocument, load
from matrix.errors import MatrixError, Problem

T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


def dump(value: Any, *, schema: int, indent: int = 0) -> str:  # noqa: ANN401 - any dataclass of plain fields
    """The document's text: JSON in ASCII, the number of its schema first, rows after blanks."""
    encode = json.JSONEncoder(default=_plain).encode
    plain = _plain(value)
    parts = [f'"schema": {schema}']
    parts += [f"{encode(n)}: {encode(v)}" for n, v in plain.items() if not isinstance(v, tuple)]
    for name, rows in plain.items():
        if isinstance(rows, tuple):
            lines = ",\n".join(" " * indent + encode(row) for row in rows)
            parts.append(f'"{name}": [\n{lines}\n]' if lines else f'"{name}": []')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value that the encoder does not know
    if isinstance(value, Version):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    # dataclasses.asdict() copies deeply, which takes longer than everything else.
    plain = {}
    for name in _names_by_class(value.__class__):
        field = getattr(value, name)
        # The encoder takes every tuple for an array.
        is_pins = field.__class__ is Pins
        plain[name] = {project: str(v) for project, v in field} if is_pins else field
    return plain


@functools.cache
def _names_by_class(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - a dataclass
    return tuple(field.name for field in dataclasses.fields(kind))


def parse(
    text: str | bytes,
    kind: type[T],
    *,
    schema: int,
    source: str,
    error: type[MatrixError],
    hint: str,
    upgrade_by_schema: Mapping[int, Upgrade] | None = None,
) -> T:
    """
    Invert ``dump``; every difference from the types is an ``error`` with its place.

    ``source`` is how messages name the document; ``upgrade_by_schema`` has the functions that
    turn documents of older schemas into the present one's.
    """
    try:
        loaded = _present(load(text), schema, upgrade_by_schema or {})
        value: T = decoder(cast("Any", kind))(loaded)
    except InvalidDocument as invalid:
        place = f"{source}:{invalid.line}" if invalid.line else source
        where = invalid.where.removeprefix(".")
        what = f"{where}: {invalid.what}" if where else invalid.what
        raise error(Problem(place=place, what=what, hint=invalid.hint or hint)) from invalid
    return value


def _present(loaded: Any, schema: int, upgrade_by_schema: Mapping[int, Upgrade]) -> Any:  # noqa: ANN401 - any JSON value
    """The document without its schema's number, as one of the present schema."""
    if not isinstance(loaded, dict):
        raise InvalidDocument(f"expected an object with schema {schema}, got {show(loaded)}")
    number = loaded.pop("schema", None)
    if type(number) is int and number in upgrade_by_schema:
        return upgrade_by_schema[number](loaded)
    if type(number) is not int or number != schema:
        newer = type(number) is int and number > schema
        hint = "use the version that wrote it" if newer else ""
        raise InvalidDocument(f"expected schema {schema}, got {show(number)}", hint=hint)
    return loaded


def json_schema(kind: type, *, title: str, version: int) -> dict[str, Any]:
    """The JSON Schema (2020-12) of documents that hold a ``kind``."""
    return schemas.describe_document(kind, title=title, version=version)
