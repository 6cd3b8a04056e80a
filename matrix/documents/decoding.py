"""Plain JSON values as frozen dataclasses: one decoder for each type, compiled once."""

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from matrix.documents import columns
from matrix.documents.fields import Between, Matching, Pins
from matrix.documents.loading import InvalidDocument
from matrix.errors import did_you_mean

Decoder = Callable[[Any], Any]
WORDS: Final[Mapping[type, str]] = {
    str: "a string",
    int: "an integer",
    bool: "true or false",
    float: "a number",
    list: "an array",
    dict: "an object",
    types.NoneType: "null",
}
_LONGEST_VALUE: Final = 60
_TEXT: Final = {str}


@functools.cache
def decoder(annotation: Any) -> Decoder:  # noqa: ANN401 - annotations are its input, one case a kind of type
    """A function from a JSON value to a value of the type; it raises ``InvalidDocument``."""
    annotation = getattr(annotation, "__supertype__", annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in WORDS:
        return functools.partial(_scalar, annotation)
    if annotation is Version:
        return _version
    if annotation is Pins:
        return _pins
    if origin is Annotated:
        return _narrow(getattr(arguments[0], "__supertype__", arguments[0]), arguments[1])
    if origin is Literal:
        return functools.partial(_choice, {choice: choice for choice in arguments})
    if annotation == tuple[str, ...] or annotation == tuple[NormalizedName, ...]:
        return _texts
    if origin is tuple and arguments[-1] is Ellipsis and dataclasses.is_dataclass(arguments[0]):
        return _rows(arguments[0])
    if origin is tuple and arguments[-1] is Ellipsis:
        return functools.partial(_items, decoder(arguments[0]))
    if origin is tuple:
        return functools.partial(_pair, tuple(map(decoder, arguments)))
    if origin is Mapping:
        return functools.partial(_entries, decoder(arguments[1]))
    if origin is types.UnionType:
        (present,) = [kind for kind in arguments if kind is not types.NoneType]
        return functools.partial(_optional, decoder(present))
    if issubclass(annotation, enum.Enum):
        return functools.partial(_choice, {member.value: member for member in annotation})
    return _object(annotation)


def _scalar(kind: type, loaded: Any) -> Any:  # noqa: ANN401 - any JSON value
    # Not isinstance: to Python, true is an integer.
    if loaded.__class__ is not kind:
        raise InvalidDocument(f"expected {WORDS[kind]}, got {WORDS[type(loaded)]}")
    return loaded


@functools.lru_cache(maxsize=16_384)
def _parse_version(text: str) -> Version:
    # A project's versions stand in many rows: each text is parsed once.
    return Version(text)


def _version(loaded: Any) -> Version:  # noqa: ANN401 - any JSON value
    try:
        return _parse_version(loaded)
    except (InvalidVersion, TypeError, ValueError):
        # ValueError: a number of more digits than int() reads.
        raise InvalidDocument(f"expected a version, got {show(loaded)}") from None


def _pins(loaded: Any) -> Pins:  # noqa: ANN401 - any JSON value
    return Pins(_entries(_version, loaded).items())


def _narrow(kind: type, constraint: Matching | Between) -> Decoder:
    holds: Callable[[Any], object] = constraint.holds

    def narrow(loaded: Any) -> Any:  # noqa: ANN401 - any JSON value
        if loaded.__class__ is kind and holds(loaded):
            return loaded
        _scalar(kind, loaded)
        raise InvalidDocument(f"expected {constraint.words}, got {show(loaded)}")

    return narrow


def _choice(value_by_text: Mapping[Any, Any], loaded: Any) -> Any:  # noqa: ANN401 - any JSON value
    if loaded.__class__ is str and loaded in value_by_text:
        return value_by_text[loaded]
    choices = " or ".join(map(repr, value_by_text))
    raise InvalidDocument(f"expected {choices}, got {show(loaded)}")


def _items(decode: Decoder, loaded: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any JSON value
    try:
        return tuple([decode(item) for item in _scalar(list, loaded)])
    except InvalidDocument:
        for number, item in enumerate(_scalar(list, loaded)):
            _locate(decode, item, f"[{number}]")
        raise


def _rows(kind: Any) -> Decoder:  # noqa: ANN401 - a dataclass
    hints = typing.get_type_hints(kind, include_extras=True)
    decode_rows = columns.rows_decoder(kind, {name: decoder(hint) for name, hint in hints.items()})
    decode = decoder(kind)

    def decode_many(loaded: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any JSON value
        try:
            return tuple(decode_rows(_scalar(list, loaded)))
        except InvalidDocument:
            # Once more, for the place.
            return _items(decode, loaded)

    return decode_many


def _texts(loaded: Any) -> tuple[str, ...]:  # noqa: ANN401 - any JSON value
    # Most of a lock are lists of targets.
    if loaded.__class__ is list and {*map(type, loaded)} <= _TEXT:
        return tuple(loaded)
    return _items(functools.partial(_scalar, str), loaded)


def _pair(decoders: tuple[Decoder, ...], loaded: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any JSON value
    if len(_scalar(list, loaded)) != len(decoders):
        raise InvalidDocument(f"expected an array of {len(decoders)} items, got {len(loaded)}")
    pairs = enumerate(zip(decoders, loaded, strict=True))
    return tuple(_locate(decode, item, f"[{number}]") for number, (decode, item) in pairs)


def _entries(decode: Decoder, loaded: Any) -> dict[Any, Any]:  # noqa: ANN401 - any JSON value
    try:
        return {key: decode(item) for key, item in _scalar(dict, loaded).items()}
    except InvalidDocument:
        for key, item in _scalar(dict, loaded).items():
            _locate(decode, item, f"[{key!r}]")
        raise


def _optional(decode: Decoder, loaded: Any) -> Any:  # noqa: ANN401 - any JSON value
    return None if loaded is None else decode(loaded)


def _object(kind: type) -> Decoder:
    hints = typing.get_type_hints(kind, include_extras=True)
    decoders = {name: decoder(hint) for name, hint in hints.items()}
    # Fields that are a plain string, integer or boolean are compared all at once.
    plain = {name: hint for name, hint in hints.items() if hint in WORDS}
    others = [(name, decode) for name, decode in decoders.items() if name not in plain]
    names, kinds = hints.keys(), [*plain.values()]

    def decode_object(loaded: Any) -> Any:  # noqa: ANN401 - any JSON value
        if loaded.__class__ is not dict or loaded.keys() != names:
            _refuse_keys(_scalar(dict, loaded).keys(), names)
        try:
            values = loaded.copy()
            for name, decode in others:
                values[name] = decode(loaded[name])
        except InvalidDocument:
            values = {}
        if not values or [loaded[name].__class__ for name in plain] != kinds:
            for name, decode in decoders.items():
                _locate(decode, loaded[name], f".{name}")
        return kind(**values)

    return decode_object


def _refuse_keys(
    present: typing.AbstractSet[str], names: typing.AbstractSet[str]
) -> typing.NoReturn:
    if unknown := sorted(present - names):
        hint = did_you_mean(unknown[0], names - present)
        raise InvalidDocument(f"unknown key {unknown[0]!r}", hint=hint)
    raise InvalidDocument(f"missing key {min(names - present)!r}")


def _locate(decode: Decoder, loaded: Any, step: str) -> Any:  # noqa: ANN401 - any JSON value
    """Decode, with ``step`` before the place of what differs: the fast way knows no place."""
    try:
        return decode(loaded)
    except InvalidDocument as error:
        raise error.inside(step) from error


def show(loaded: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value in a message: short ones themselves, others by their kind."""
    if isinstance(loaded, str):
        text = repr(loaded)
        return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
    return str(loaded) if type(loaded) is int else WORDS[type(loaded)]
