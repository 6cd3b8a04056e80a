"""
Frozen values as canonical JSON and back.

One way to write a value: sorted keys, one space, ASCII, a newline at the end. ``load`` refuses any
other form of the same value, so a repeated key (JSON lets the last one win) cannot make two readers
see two records.
"""

import dataclasses
import functools
import json
import re
import typing
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
D = TypeVar("D", bound="DataclassInstance")

MAX_NUMBER: Final = 2**63 - 1
"""A size or sequence beyond it is no number for most programs that read a record."""

# JSON can escape what no encoding writes: it would break what prints or stores it.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NAMES: Final[Mapping[type, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    float: "a fraction",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


class InvalidRecord(ValueError):
    """Text that no writer of bundles writes."""


def dump(value: "DataclassInstance") -> str:
    """The canonical JSON of a frozen dataclass."""
    return dumps(dataclasses.asdict(value))


def dumps(plain: Mapping[str, Any]) -> str:
    """The canonical JSON of a plain object."""
    return json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def load(cls: type[D], text: str) -> D:
    """The ``cls`` that ``dump`` would write as exactly ``text``."""
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRecord(f"not JSON: {error}") from error
    value = typing.cast("D", _decode_object(cls, loaded, ""))
    if dump(value) != text:
        raise InvalidRecord("not in canonical form: sorted keys, one space, each key once")
    return value


def _decode(annotation: object, value: object, path: str) -> object:
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _decode_object(annotation, value, path)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple:
        items = _expect(list, value, path)
        return tuple(_decode(arguments[0], item, f"{path}[{n}]") for n, item in enumerate(items))
    if origin is Mapping:
        entries = _expect(dict, value, path)
        for key in entries:
            _decode_text(key, path)
        return {key: _decode(arguments[1], entries[key], _join_path(path, key)) for key in entries}
    if origin is Literal:
        # Types too: to Python, 2.0 equals 2, and true equals 1.
        if not any(type(value) is type(choice) and value == choice for choice in arguments):
            choices = " or ".join(repr(choice) for choice in arguments)
            raise InvalidRecord(f"{path}: expected {choices}, got {value!r}")
        return value
    if annotation is int:
        return _decode_number(value, path)
    return _decode_text(value, path)


def _decode_number(value: object, path: str) -> int:
    number = _expect(int, value, path)
    if not 0 <= number <= MAX_NUMBER:
        raise InvalidRecord(f"{path}: expected a whole number from 0 to {MAX_NUMBER}, got another")
    return number


def _decode_object(cls: type, value: object, path: str) -> object:
    entries = _expect(dict, value, path)
    annotations = _get_annotations(cls)
    # The schema is judged first: a newer one has other keys, and its number is the thing to say.
    for name in sorted(annotations, key=lambda name: name != "schema"):
        if name not in entries:
            raise InvalidRecord(f"{_label(path)}missing key {name!r}")
        if name == "schema":
            _decode(annotations[name], entries[name], name)
    if unknown := sorted(entries.keys() - annotations.keys()):
        raise InvalidRecord(f"{_label(path)}unknown key {unknown[0]!r}")
    return cls(
        **{
            name: _decode(annotation, entries[name], _join_path(path, name))
            for name, annotation in annotations.items()
        }
    )


@functools.cache
def _get_annotations(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _expect(kind: type[T], value: object, path: str) -> T:
    # Not isinstance: to Python, true is a whole number.
    if type(value) is not kind:
        got = _NAMES[type(value)]
        raise InvalidRecord(f"{_label(path)}expected {_NAMES[kind]}, got {got}")
    return value


def _decode_text(value: object, path: str) -> str:
    text = _expect(str, value, path)
    if _SURROGATE.search(text):
        raise InvalidRecord(f"{path}: expected Unicode text, got half of a surrogate pair")
    return text


def _label(path: str) -> str:
    return f"{path}: " if path else ""


def _join_path(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
