"""The JSON Schema of ``packages.yaml``, from the same annotations that the reader follows."""

import dataclasses
import datetime
import json
import re
import typing
from typing import Any, Final, Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from matrix.manifest import tool
from matrix.manifest.age import Age
from matrix.manifest.decoding import list_fields, shorthand, without_none, yaml_key
from matrix.manifest.describing import BOUNDS, DOC, UNBOUNDED, Bounds
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import Recipe
from matrix.manifest.releases import Releases
from matrix.manifest.tool import Tool
from matrix.targets.platform_tag import PlatformTag
from matrix.targets.python_version import PythonVersion

_SCALARS: Final[dict[Any, dict[str, Any]]] = {
    # The reader reads every scalar as text, so editors accept numbers with and without quotes.
    str: {"type": ["string", "number", "boolean"]},
    bool: {"enum": [True, False, "true", "false"]},
    int: {"type": ["integer", "string"], "minimum": 0, "pattern": r"^\d{1,9}$"},
    SpecifierSet: {"type": "string"},
    Requirement: {"type": "string", "minLength": 1},
    PlatformTag: {
        "type": "string",
        "pattern": r"^(win32|win_amd64|win_arm64|manylinux(1|2010|2014)_\w+"
        r"|(manylinux|musllinux|macosx)_\d+_\d+_\w+)$",
    },
    PythonVersion: {
        "type": "string",
        "pattern": r"^(2\.7\.\d{1,2}|3\.([5-9]|[1-9]\d)\.\d{1,2}|3\.(1[3-9]|[2-9]\d)\.\d{1,2}t"
        r"|pypy-\d+\.\d+\.\d+-(2\.7|3\.([6-9]|[1-9]\d))\.\d{1,2})$",
    },
    datetime.date: {"type": "string", "format": "date"},
    Releases: {
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": 999,
        "pattern": "^(newest|all|[1-9][0-9]{0,2})$",
    },
    Tool: {"type": "string", "pattern": f"^({tool.PATTERN})$"},
    Age: {"type": "string", "pattern": r"^\d{1,4} (hour|day|week)s?$"},
}


def text() -> str:
    """The schema file's content."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def recipe_text() -> str:
    """The schema of a file of the catalogue."""
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_of(Recipe),
        "title": "a recipe of wheelyard's catalogue",
    }
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The schema as a value (JSON Schema 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_of(Manifest),
        "title": "packages.yaml of wheelyard",
    }


def _of(annotation: Any, bounds: Bounds = UNBOUNDED) -> dict[str, Any]:
    annotation = without_none(annotation)
    origin = typing.get_origin(annotation)
    if annotation in _SCALARS:
        return _scalar(annotation, bounds)
    if origin is Literal:
        return {"enum": list(typing.get_args(annotation))}
    if origin is tuple:
        item = typing.get_args(annotation)[0]
        array = {"type": "array", "items": _of(item), **_at_least("minItems", bounds)}
        # One value where a list may stand is the list of that value.
        return {"anyOf": [_of(item), array]} if item in _SCALARS else array
    if origin is not None:
        names, value = typing.get_args(annotation)
        return {
            "type": "object",
            "additionalProperties": _of(value, bounds.items or UNBOUNDED),
            **({} if names is str else {"propertyNames": _of(names)}),
            **({"propertyNames": _pattern(bounds)} if bounds.pattern else {}),
            **_at_least("minProperties", bounds),
        }
    return _object(annotation)


def _scalar(annotation: Any, bounds: Bounds) -> dict[str, Any]:
    whole = dict(_SCALARS[annotation])
    if annotation is int:
        whole |= {} if bounds.least is None else {"minimum": bounds.least}
        whole |= {} if bounds.most is None else {"maximum": bounds.most}
        # A quoted number has no bounds in JSON Schema; only its first digit can be required.
        whole |= {"pattern": r"^[1-9]\d{0,8}$"} if bounds.least else {}
    elif bounds.pattern:
        whole |= _pattern(bounds)
    return whole


def _pattern(bounds: Bounds) -> dict[str, str]:
    return {"pattern": f"^{bounds.pattern}$"}


def _at_least(keyword: str, bounds: Bounds) -> dict[str, int]:
    return {} if bounds.least is None else {keyword: bounds.least}


def _object(cls: type) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    required = [
        yaml_key(field)
        for field in list_fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    whole = {
        "title": " ".join(re.findall("GitHub|GitLab|[A-Z][a-z]+", cls.__name__)),
        "type": "object",
        "additionalProperties": False,
        "properties": {
            yaml_key(field): {
                "description": field.metadata[DOC],
                **_of(hints[field.name], field.metadata[BOUNDS]),
            }
            for field in list_fields(cls)
        },
        **({"required": required} if required else {}),
    }
    short = shorthand(cls)
    if short is None:
        return whole
    return {"anyOf": [_of(hints[short.name], short.metadata[BOUNDS]), whole]}
