"""
The JSON Schemas of ``bundle.json`` and ``parts.json``, from the types that the far side reads.

They say what a program that writes or reads these files must know, and less than the far side's
own reader asks: canonical form, and what ``verify`` computes, no schema can hold.
"""

import json
from typing import Any

from matrix.documents import rows
from matrix.record import canonical, parts, schema


def describe_record() -> dict[str, Any]:
    """The schema of ``bundle.json`` (JSON Schema 2020-12)."""
    return _describe(schema.Record, title=schema.FILENAME, version=schema.SCHEMA)


def describe_parts() -> dict[str, Any]:
    """The schema of ``parts.json`` (JSON Schema 2020-12)."""
    return _describe(parts.Parts, title=parts.FILENAME, version=parts.SCHEMA)


def render(described: dict[str, Any]) -> str:
    """The text of a schema's file."""
    return json.dumps(described, indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def _describe(kind: type, *, title: str, version: int) -> dict[str, Any]:
    described = rows.json_schema(kind, title=f"{title} of wheelyard", version=version)
    # The far side's types hold the schema's number as a field, which stands among the names too.
    described["required"] = sorted(set(described["required"]))
    bounded: dict[str, Any] = _bound_numbers(described)
    return bounded


def _bound_numbers(value: Any) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(value, list):
        return [_bound_numbers(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value == {"type": "integer"}:
        return {"type": "integer", "minimum": 0, "maximum": canonical.MAX_NUMBER}
    return {key: _bound_numbers(inner) for key, inner in value.items()}
