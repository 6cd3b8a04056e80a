"""The JSON Schema of ``plan.json``, from the types that ``serial`` writes."""

import dataclasses
import enum
import json
import typing
from typing import Any, Final, Literal

from matrix.plan.model import SCHEMA, Plan

_SCALARS: Final[dict[Any, dict[str, Any]]] = {str: {"type": "string"}, int: {"type": "integer"}}


def text() -> str:
    """The schema file's content."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The schema as a value (JSON Schema 2020-12)."""
    whole = _object(Plan)
    whole["properties"]["schema"] = {"const": SCHEMA}
    whole["required"] = ["schema", *whole["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plan.json of wheel-matrix",
        **whole,
    }


def _of(annotation: Any) -> dict[str, Any]:  # noqa: ANN401 - annotations are its input
    origin = typing.get_origin(annotation)
    if annotation in _SCALARS:
        return dict(_SCALARS[annotation])
    if origin is Literal:
        return {"enum": list(typing.get_args(annotation))}
    if origin is tuple:
        return _tuple(typing.get_args(annotation))
    if issubclass(annotation, enum.Enum):
        return {"enum": [str(member) for member in annotation]}
    return _object(annotation)


def _tuple(items: tuple[Any, ...]) -> dict[str, Any]:
    if items[-1] is Ellipsis:
        return {"type": "array", "items": _of(items[0])}
    exact = {"minItems": len(items), "maxItems": len(items)}
    return {"type": "array", "prefixItems": [_of(item) for item in items], **exact}


def _object(cls: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of the plan
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    return {
        "type": "object",
        "description": " ".join((cls.__doc__ or "").split()),
        "additionalProperties": False,
        "properties": {name: _of(hints[name]) for name in names},
        "required": names,
    }
