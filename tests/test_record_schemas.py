"""The published schemas of bundle.json and parts.json are those of the types, and hold."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are another dependency
import pytest

from matrix.bundle import record_schemas
from matrix.bundle.packing import pack
from matrix.record import parts, schema
from matrix.record.canonical import InvalidRecord

from .bundles import sound
from .test_parts import QUIET

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize(
    ("name", "describe"),
    [
        ("bundle.schema.json", record_schemas.describe_record),
        ("parts.schema.json", record_schemas.describe_parts),
    ],
)
def test_the_published_schema_is_that_of_the_types(
    name: str, describe: Callable[[], dict[str, Any]]
) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == record_schemas.render(describe())


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def test_a_bundle_and_its_parts_are_what_the_schemas_say(tmp_path: Path) -> None:
    bundle = sound(tmp_path).rename(tmp_path / "acme-2026.1")
    pack(bundle, tmp_path / "parts", size=50_000, reporter=QUIET)

    jsonschema.validate(load(bundle / "bundle.json"), record_schemas.describe_record())
    jsonschema.validate(load(tmp_path / "parts" / "parts.json"), record_schemas.describe_parts())


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 4},
        {"sequence": 2**63},
        {"sequence": -1},
        {"sequence": "1"},
        {"wheels": [{}]},
        {"extra": 1},
        {"missing": {}},
    ],
    ids=str,
)
def test_schema_and_reader_refuse_the_same(tmp_path: Path, change: dict[str, object]) -> None:
    changed = {**load(sound(tmp_path) / "bundle.json"), **change}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed, record_schemas.describe_record())
    with pytest.raises(InvalidRecord):
        schema.parse(json.dumps(changed, sort_keys=True, indent=1) + "\n")


def test_every_field_is_required() -> None:
    for kind, described in (
        (schema.Record, record_schemas.describe_record()),
        (parts.Parts, record_schemas.describe_parts()),
    ):
        assert described["required"] == sorted(field.name for field in dataclasses.fields(kind))
