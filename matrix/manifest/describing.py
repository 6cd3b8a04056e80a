"""
The metadata of a manifest's field: its key, one sentence, and its bounds.

``decoding`` reads by them and ``schema`` publishes them, so that an editor and the reader agree.
"""

import dataclasses
import re
from typing import Any, Final

DOC: Final = "doc"
KEY: Final = "key"
SHORTHAND: Final = "shorthand"
BOUNDS: Final = "bounds"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    What a field's type cannot say.

    ``least`` and ``most`` bound a whole number, or the number of items of a list or mapping.
    ``pattern`` is a regular expression for a text, or for the names of a mapping; ``expected``
    says the same in words. ``items`` bounds each value of a mapping.
    """

    least: int | None = None
    most: int | None = None
    pattern: str = ""
    expected: str = ""
    items: "Bounds | None" = None

    def refuse_text(self, text: str) -> str:
        """Why ``text`` does not fit the pattern, or nothing."""
        if not self.pattern or re.fullmatch(self.pattern, text):
            return ""
        return f"expected {self.expected}, got {repr(text) if text.strip() else 'nothing'}"

    def refuse_number(self, number: int) -> str:
        """Why ``number`` is out of bounds, or nothing."""
        least, most = self.least or 0, self.most
        if least <= number and (most is None or number <= most):
            return ""
        upper = "up" if most is None else f"to {most}"
        return f"expected a whole number from {least} {upper}, got {number}"

    def refuse_count(self, count: int) -> str:
        """Why a list or mapping of ``count`` items is out of bounds, or nothing."""
        if count >= (self.least or 0):
            return ""
        return f"expected at least {'one' if self.least == 1 else self.least}, got none"


UNBOUNDED: Final = Bounds()
NAME: Final = Bounds(
    pattern="[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?",
    expected="lower-case letters, digits and hyphens, at most 40",
)
SENTENCE: Final = Bounds(pattern=r"\s*\S[\s\S]*", expected="a sentence")
AT_LEAST_ONE: Final = Bounds(least=1)


def key(
    doc: str,
    *,
    name: str = "",
    default: Any = dataclasses.MISSING,
    shorthand: bool = False,
    bounds: Bounds = UNBOUNDED,
) -> Any:
    """Describe a field; ``shorthand`` marks the one that a plain scalar or list stands for."""
    metadata = {DOC: doc, KEY: name, SHORTHAND: shorthand, BOUNDS: bounds}
    return dataclasses.field(default=default, metadata=metadata)


def mapping(doc: str, *, name: str = "", bounds: Bounds = UNBOUNDED) -> Any:
    """Describe a field that maps names to values and may be left out."""
    metadata = {DOC: doc, KEY: name, SHORTHAND: False, BOUNDS: bounds}
    return dataclasses.field(default_factory=dict, metadata=metadata)


def line() -> Any:
    """The line of a value in the file, for messages only."""
    return dataclasses.field(default=0, compare=False)


def written() -> Any:
    """The fields that the author wrote, because writing a default differs from leaving it out."""
    return dataclasses.field(default=frozenset(), compare=False)
