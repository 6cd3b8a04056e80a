"""
From a YAML node to a value of an annotated type.

The decoder continues after a problem, so that one run reports all of them. Values that it could not
read are left out of lists and mappings, their paths are kept in ``unread``, and ``reading`` returns
a manifest only if there were no problems.
"""

import dataclasses
import datetime
import functools
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, Union

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from matrix.errors import Problem, did_you_mean
from matrix.manifest.age import Age
from matrix.manifest.describing import BOUNDS, KEY, SHORTHAND, UNBOUNDED, Bounds
from matrix.manifest.releases import Releases
from matrix.manifest.tool import Tool
from matrix.targets.invalid import InvalidTarget
from matrix.targets.platform_tag import PlatformTag
from matrix.targets.python_version import PythonVersion


def parse_requirement(text: str) -> Requirement:
    """A PEP 508 requirement that names an index's project, not a file or an address."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{text!r} is not a PEP 508 requirement: {reason}") from error
    if requirement.url:
        raise ValueError(f"{text!r} names an address; expected a project of the index")
    return requirement


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"expected a date such as '2027-06-01', got {text!r}") from error


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10):  # noqa: PLR2004 - it is no id
        raise ValueError(f"expected a whole number, got {text!r}")
    return int(text)


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"expected true or false, got {text!r}")
    return text == "true"


def _specifier(text: str) -> SpecifierSet:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(f"expected a version specifier such as '>=3.11', got {text!r}") from error


SCALARS: Final[Mapping[type, Callable[[str], Any]]] = {
    str: str,
    bool: _truth,
    int: _whole,
    Requirement: parse_requirement,
    SpecifierSet: _specifier,
    PlatformTag: PlatformTag.parse,
    PythonVersion: PythonVersion.parse,
    datetime.date: _date,
    Age: Age.parse,
    Releases: Releases.parse,
    Tool: Tool.parse,
}


_NOT_TEXT: Final[Mapping[str, str]] = {
    "tag:yaml.org,2002:bool": "truth value",
    "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:int": "number",
}


def yaml_key(field: dataclasses.Field[Any]) -> str:
    """The key of ``field`` in the file."""
    return field.metadata[KEY] or field.name


@functools.cache
def list_fields(cls: type) -> tuple[dataclasses.Field[Any], ...]:
    """The fields of ``cls`` that an author can write."""
    return tuple(field for field in dataclasses.fields(cls) if KEY in field.metadata)


@functools.cache
def shorthand(cls: type) -> dataclasses.Field[Any] | None:
    """The field that a plain value sets, if there is one."""
    return next((field for field in list_fields(cls) if field.metadata[SHORTHAND]), None)


@functools.cache
def _list_required(cls: type) -> frozenset[str]:
    """The names of the fields that have no default."""
    missing = dataclasses.MISSING
    return frozenset(
        field.name
        for field in list_fields(cls)
        if field.default is missing and field.default_factory is missing
    )


@functools.cache
def _hints(cls: type) -> Mapping[str, Any]:
    return typing.get_type_hints(cls)


@functools.cache
def without_none(annotation: Any) -> Any:
    """``X`` for ``X | None``, because the file has no null: a key is left out instead."""
    if typing.get_origin(annotation) in {Union, types.UnionType}:
        return next(part for part in typing.get_args(annotation) if part is not types.NoneType)
    return annotation


class Decoder:
    """One walk over one document, and its problems."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.unread: set[str] = set()

    def complain(self, node: yaml.Node, path: str, what: str, hint: str = "") -> None:
        place = f"{path}: {what}" if path else what
        line = node.start_mark.line + 1
        self.problems.append(Problem(place=self.source, line=line, what=place, hint=hint))

    def decode(
        self, annotation: Any, node: yaml.Node, path: str, bounds: Bounds = UNBOUNDED
    ) -> Any:
        """The value of ``node`` as ``annotation`` within ``bounds``, or None after complaining."""
        annotation = without_none(annotation)
        value = self._decode(annotation, node, path, bounds)
        if value is not None and (refusal := _refuse(bounds, value, node)):
            return self.complain(node, path, refusal)
        return value

    def _decode(self, annotation: Any, node: yaml.Node, path: str, bounds: Bounds) -> Any:
        origin = typing.get_origin(annotation)
        if annotation in SCALARS or origin is Literal:
            return self._scalar(annotation, node, path)
        if origin is tuple:
            return self._sequence(typing.get_args(annotation)[0], node, path)
        if origin is not None:
            name, value = typing.get_args(annotation)
            return self._mapping(name, value, node, path, bounds)
        return self._object(annotation, node, path)

    def _scalar(self, annotation: Any, node: yaml.Node, path: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            return self.complain(node, path, f"expected a single value, got {_kind(node)}")
        if annotation is Requirement and node.tag in _NOT_TEXT:
            what = f"expected a PEP 508 requirement, got the {_NOT_TEXT[node.tag]} {node.value}"
            hint = f"quote it if the project has this name: {node.value!r}"
            return self.complain(node, path, what, hint)
        if node.tag == "tag:yaml.org,2002:null":
            return self.complain(node, path, "expected a value, got nothing")
        if typing.get_origin(annotation) is Literal:
            return self._choice(typing.get_args(annotation), node, path)
        try:
            value = SCALARS[annotation](node.value)
        except InvalidTarget as error:
            return self.complain(node, path, str(error), error.hint)
        except ValueError as error:
            return self.complain(node, path, str(error))
        if isinstance(value, Tool):
            return dataclasses.replace(value, line=node.start_mark.line + 1)
        return value

    def _choice(self, choices: tuple[str, ...], node: yaml.ScalarNode, path: str) -> str | None:
        if node.value in choices:
            return str(node.value)
        what = f"expected one of {', '.join(map(repr, choices))}, got {node.value!r}"
        self.complain(node, path, what, did_you_mean(node.value, choices))
        return None

    def _sequence(self, item: Any, node: yaml.Node, path: str) -> tuple[Any, ...] | None:
        if isinstance(node, yaml.ScalarNode) and item in SCALARS:
            # One value where a list may stand: the list of that value.
            value = self._scalar(item, node, path)
            return None if value is None else (value,)
        if not isinstance(node, yaml.SequenceNode):
            self.complain(node, path, f"expected a list, got {_kind(node)}")
            return None
        values = []
        for index, child in enumerate(node.value):
            here = f"{path}[{index}]"
            if (value := self.decode(item, child, here)) is None:
                self.unread.add(here)
            else:
                values.append(value)
        return tuple(values)

    def _mapping(self, name: Any, value: Any, node: yaml.Node, path: str, bounds: Bounds) -> Any:
        if not isinstance(node, yaml.MappingNode):
            return self.complain(node, path, f"expected a mapping, got {_kind(node)}")
        values: dict[Any, Any] = {}
        for text, key, child in self._pairs(node, path):
            here = _join(path, text)
            named = self.decode(name, key, here)
            decoded = self.decode(value, child, here, bounds.items or UNBOUNDED)
            if refusal := bounds.refuse_text(text):
                self.complain(key, here, refusal)
            if named is None or decoded is None or refusal:
                self.unread.add(here)
            else:
                values[named] = decoded
        return values

    def _object(self, cls: type, node: yaml.Node, path: str) -> Any:
        short = shorthand(cls)
        if short is not None and not isinstance(node, yaml.MappingNode):
            hint = _hints(cls)[short.name]
            values = {short.name: self.decode(hint, node, path, short.metadata[BOUNDS])}
            return self._make(cls, values, node)
        if not isinstance(node, yaml.MappingNode):
            return self.complain(node, path, f"expected a mapping, got {_kind(node)}")
        return self._make(cls, self._fields(cls, node, path), node)

    def _fields(self, cls: type, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        fields = {yaml_key(field): field for field in list_fields(cls)}
        hints = _hints(cls)
        values: dict[str, Any] = {}
        for text, key, child in self._pairs(node, path):
            if (field := fields.get(text)) is None:
                hint = did_you_mean(text, fields) or f"known keys: {', '.join(fields)}"
                self.complain(key, path, f"unknown key {text!r}", hint)
            else:
                here, bounds = _join(path, text), field.metadata[BOUNDS]
                values[field.name] = self.decode(hints[field.name], child, here, bounds)
                if values[field.name] is None:
                    self.unread.add(here)
        for text, field in fields.items():
            if field.name not in values and field.name in _list_required(cls):
                self.complain(node, path, f"missing key {text!r}")
        return values

    def _make(self, cls: type, values: dict[str, Any], node: yaml.Node) -> Any:
        if any(value is None for value in values.values()):
            return None
        if not values.keys() >= _list_required(cls):
            return None
        if "line" in _hints(cls):
            values["line"] = node.start_mark.line + 1
        if "written" in _hints(cls):
            values["written"] = frozenset(values) - {"line"}
        return cls(**values)

    def _pairs(
        self, node: yaml.MappingNode, path: str
    ) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Keys with their nodes, each key once; in YAML itself the last one would win silently."""
        first: dict[str, int] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.complain(key, path, f"expected a key, got {_kind(key)}")
            elif key.tag == "tag:yaml.org,2002:merge":
                what = "YAML's merge key '<<' is not supported"
                self.complain(key, path, what, "write the merged keys themselves")
            elif key.value in first:
                what = f"repeated key {key.value!r}, first on line {first[key.value]}"
                self.complain(key, path, what)
            else:
                first[key.value] = key.start_mark.line + 1
                yield key.value, key, child


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _kind(node: yaml.Node) -> str:
    if node.tag == "tag:yaml.org,2002:null":
        return "nothing"
    names = {
        yaml.MappingNode: "a mapping",
        yaml.SequenceNode: "a list",
        yaml.ScalarNode: "a single value",
    }
    return names[type(node)]


def _refuse(bounds: Bounds, value: object, node: yaml.Node) -> str:
    """Why a decoded value is out of its field's bounds, or nothing."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return bounds.refuse_number(value)
    if isinstance(value, str):
        return bounds.refuse_text(value)
    if isinstance(value, tuple | Mapping):
        return bounds.refuse_count(len(node.value) if not isinstance(node, yaml.ScalarNode) else 1)
    return ""
