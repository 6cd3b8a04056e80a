"""The JSON Schema of a file, from the frozen types whose values it holds."""

import dataclasses
import enum
import typing
from collections.abc import Mapping
from typing import Any, Final, Literal

from packaging.version import Version

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_SCALARS: Final[dict[Any, dict[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Version: {"type": "string"},
}


def of_file(whole: type, *, title: str, version: int) -> dict[str, Any]:
    """The schema of a file that holds ``whole``, its own version under ``schema``."""
    described = of(whole)
    described["properties"]["schema"] = {"const": version}
    described["required"] = ["schema", *described["required"]]
    return {"$schema": DIALECT, "title": title, **described}


def of(annotation: Any) -> dict[str, Any]:  # noqa: ANN401 - annotations are its input
    """The schema of values of a type."""
    annotation = getattr(annotation, "__supertype__", annotation)
    origin = typing.get_origin(annotation)
    if annotation in _SCALARS:
        return dict(_SCALARS[annotation])
    if origin is Literal:
        return {"enum": list(typing.get_args(annotation))}
    if origin is tuple:
        return _tuple(typing.get_args(annotation))
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": of(typing.get_args(annotation)[1])}
    if issubclass(annotation, enum.Enum):
        return {"enum": [str(member) for member in annotation]}
    return _object(annotation)


def _tuple(items: tuple[Any, ...]) -> dict[str, Any]:
    if items[-1] is Ellipsis:
        return {"type": "array", "items": of(items[0])}
    exact = {"minItems": len(items), "maxItems": len(items)}
    return {"type": "array", "prefixItems": [of(item) for item in items], **exact}


def _object(cls: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    return {
        "type": "object",
        "description": " ".join((cls.__doc__ or "").split()),
        "additionalProperties": False,
        "properties": {name: of(hints[name]) for name in names},
        "required": names,
    }
