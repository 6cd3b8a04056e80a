"""Types of a document's fields that are narrower than ``str`` and ``int``."""

import dataclasses
import functools
import re
from collections.abc import Callable
from typing import Annotated, Final

from packaging.utils import NormalizedName
from packaging.version import Version

# ``$`` also matches before a newline, and JSON Schema has no ``\Z``.
_END: Final = r"(?![\s\S])"


@dataclasses.dataclass(frozen=True)
class Matching:
    """Text that matches ``pattern`` from its start; ``words`` are for messages."""

    pattern: str
    words: str

    @functools.cached_property
    def holds(self) -> Callable[[str], object]:
        return re.compile(self.pattern).match


@dataclasses.dataclass(frozen=True)
class Between:
    """An integer from ``low`` to ``high``."""

    low: int
    high: int

    @property
    def words(self) -> str:
        return f"an integer from {self.low} to {self.high}"

    @functools.cached_property
    def holds(self) -> Callable[[int], object]:
        return range(self.low, self.high + 1).__contains__


Digest = Annotated[str, Matching(f"^[0-9a-f]{{64}}{_END}", "64 hexadecimal digits")]
"""A SHA-256 digest as the standard library writes it."""

OptionalDigest = Annotated[
    str, Matching(f"^([0-9a-f]{{64}})?{_END}", "64 hexadecimal digits or nothing")
]

ProjectName = Annotated[
    NormalizedName, Matching(f"^[a-z0-9]+(-[a-z0-9]+)*{_END}", "a normalized project name")
]

Filename = Annotated[str, Matching(rf"^[^\x00-\x1f/\\.][^\x00-\x1f/\\]*{_END}", "a file name")]
"""The name of a distribution, without a directory."""

Moment = Annotated[
    str,
    Matching(
        rf"^(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?{_END}", "a time such as 2026-11-23T04:47:46Z"
    ),
]
"""A time in UTC to the second, or nothing."""

Size = Annotated[int, Between(0, 2**53 - 1)]
"""Bytes, seconds or a count: no more than any JSON reader keeps exactly."""


class Pins(tuple[tuple[NormalizedName, Version], ...]):
    """Each project of a closure and its version: pairs in memory, an object in the document."""

    __slots__ = ()
