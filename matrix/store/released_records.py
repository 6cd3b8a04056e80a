"""
``bundle.json`` of any version of this program, as far as released names need it.

A release outlives the schema that it was written in, so the reader takes the fields that it needs
and passes over all others. What lacks one of them is an error: names that are not read are names
that could be built again with other bytes.
"""

import dataclasses
import json
from typing import Any, Final

from matrix.errors import MatrixError, Problem

_HINT: Final = "--no-store plans without the releases, and may build other bytes under their names"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BuiltName:
    """A wheel that a bundle holds and that was built for it or for one before it."""

    filename: str
    sha256: str
    size: int
    project: str
    version: str
    targets: tuple[str, ...]
    content_keys: tuple[str, ...]
    build_seconds: int
    unlocked: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BuiltNames:
    """What a record says of the wheels that were built."""

    name: str
    version: str
    sequence: int
    wheels: tuple[BuiltName, ...]

    @property
    def label(self) -> str:
        """The bundle in words."""
        return f"{self.name} {self.version}"


def parse_record(content: bytes, *, place: str) -> BuiltNames:
    """The built wheels of a record; ``place`` is how messages name it."""
    try:
        loaded = json.loads(content)
        return BuiltNames(
            name=_text(loaded["name"]),
            version=_text(loaded["version"]),
            sequence=_number(loaded["sequence"]),
            wheels=tuple(
                _parse_wheel(row) for row in loaded["wheels"] if row["origin"] != "published"
            ),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = (
            f"expected a record of a bundle, got another text ({type(error).__name__}: {error})"
        )
        raise MatrixError(Problem(place=place, what=reason, hint=_HINT)) from error


def _parse_wheel(row: Any) -> BuiltName:  # noqa: ANN401 - a value of JSON
    return BuiltName(
        filename=_text(row["filename"]),
        sha256=_text(row["sha256"]),
        size=_number(row["size"]),
        project=_text(row["project"]),
        version=_text(row["version"]),
        targets=tuple(map(_text, row["targets"])),
        content_keys=tuple(map(_text, row["content_keys"])),
        build_seconds=_number(row.get("build_seconds", 0)),
        unlocked=_text(row.get("unlocked", "")),
    )


def _text(value: Any) -> str:  # noqa: ANN401 - a value of JSON
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError("a text")
    return value


def _number(value: Any) -> int:  # noqa: ANN401 - a value of JSON
    if type(value) is not int or value < 0:
        raise TypeError("a number")
    return value
