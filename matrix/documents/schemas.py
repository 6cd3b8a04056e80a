"""The JSON Schema of a document, from the types of its fields."""

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from packaging.version import Version

from matrix.documents.fields import Matching, Pins

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_SCALARS: Final[Mapping[Any, Mapping[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    Version: {"type": "string"},
    types.NoneType: {"type": "null"},
    Pins: {"type": "object", "additionalProperties": {"type": "string"}},
}


def describe_document(kind: type, *, title: str, version: int) -> dict[str, Any]:
    """The schema of a document that holds a ``kind``, its own version under ``schema``."""
    described = describe(kind)
    described["properties"]["schema"] = {"const": version}
    described["required"] = ["schema", *described["required"]]
    return {"$schema": DIALECT, "title": title, **described}


def describe(annotation: Any) -> dict[str, Any]:  # noqa: ANN401 - annotations are its input
    """The schema of values of a type."""
    annotation = getattr(annotation, "__supertype__", annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in _SCALARS:
        return dict(_SCALARS[annotation])
    if origin is Annotated:
        return {**describe(arguments[0]), **_describe_constraint(arguments[1])}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return _describe_tuple(arguments)
    if origin is Mapping:
        return {"type": "object", "additionalProperties": describe(arguments[1])}
    if origin is types.UnionType:
        return {"anyOf": [describe(kind) for kind in arguments]}
    if issubclass(annotation, enum.Enum):
        return {"enum": [member.value for member in annotation]}
    return _describe_object(annotation)


def _describe_constraint(constraint: Any) -> dict[str, Any]:  # noqa: ANN401 - of ``fields``
    if isinstance(constraint, Matching):
        return {"pattern": constraint.pattern}
    return {"minimum": constraint.low, "maximum": constraint.high}


def _describe_tuple(kinds: tuple[Any, ...]) -> dict[str, Any]:
    if kinds[-1] is Ellipsis:
        return {"type": "array", "items": describe(kinds[0])}
    exact = {"minItems": len(kinds), "maxItems": len(kinds)}
    return {"type": "array", "prefixItems": [describe(kind) for kind in kinds], **exact}


def _describe_object(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    hints = typing.get_type_hints(kind, include_extras=True)
    names = [field.name for field in dataclasses.fields(kind)]
    return {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "additionalProperties": False,
        "properties": {name: describe(hints[name]) for name in names},
        "required": names,
    }
