"""The JSON Schema of ``packages.yaml``, from the same annotations that the reader follows."""

import dataclasses
import datetime
import json
import typing
from typing import Any, Final, Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from matrix.manifest.age import Age
from matrix.manifest.decoding import described, shorthand, without_none, yaml_key
from matrix.manifest.describing import DOC
from matrix.manifest.model import Manifest, Recipe
from matrix.manifest.releases import Releases
from matrix.targets.platform_tag import PlatformTag
from matrix.targets.python_version import PythonVersion

_SCALARS: Final[dict[Any, dict[str, Any]]] = {
    # What looks like a number to YAML is text to us, so editors must accept it unquoted.
    str: {"type": ["string", "number", "boolean"]},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": 0},
    SpecifierSet: {"type": "string"},
    Requirement: {"type": "string", "minLength": 1},
    PlatformTag: {
        "type": "string",
        "pattern": r"^(win32|win_amd64|win_arm64|manylinux(1|2010|2014)_\w+"
        r"|(manylinux|musllinux|macosx)_\d+_\d+_\w+)$",
    },
    PythonVersion: {
        "type": "string",
        "pattern": r"^(pypy-\d+\.\d+\.\d+-)?(2\.7|3\.\d{1,2})\.\d{1,2}t?$",
    },
    datetime.date: {"type": "string", "format": "date"},
    Releases: {"anyOf": [{"enum": ["newest", "all"]}, {"type": "integer", "minimum": 1}]},
    Age: {"type": "string", "pattern": r"^\d{1,4} (hour|day|week)s?$"},
}


def text() -> str:
    """The schema file's content."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def recipe_text() -> str:
    """The schema of a file of the catalogue."""
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a recipe of wheelyard's catalogue",
        **_of(Recipe),
    }
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The schema as a value (JSON Schema 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "packages.yaml of wheelyard",
        **_of(Manifest),
    }


def _of(annotation: Any) -> dict[str, Any]:
    annotation = without_none(annotation)
    origin = typing.get_origin(annotation)
    if annotation in _SCALARS:
        return dict(_SCALARS[annotation])
    if origin is Literal:
        return {"enum": list(typing.get_args(annotation))}
    if origin is tuple:
        item = typing.get_args(annotation)[0]
        listed = {"type": "array", "items": _of(item)}
        # One value where a list may stand: the list of that value.
        return {"anyOf": [_of(item), listed]} if item in _SCALARS else listed
    if origin is not None:
        names, value = typing.get_args(annotation)
        described_names = {} if names is str else {"propertyNames": _of(names)}
        return {"type": "object", "additionalProperties": _of(value), **described_names}
    return _object(annotation)


def _object(cls: type) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    required = [
        yaml_key(field)
        for field in described(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    whole = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            yaml_key(field): {"description": field.metadata[DOC], **_of(hints[field.name])}
            for field in described(cls)
        },
        **({"required": required} if required else {}),
    }
    short = shorthand(cls)
    return whole if short is None else {"anyOf": [_of(hints[short.name]), whole]}
