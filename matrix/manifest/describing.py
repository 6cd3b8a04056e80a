"""
How a field of the manifest is described: its key and one sentence, as metadata.

``decoding`` reads by them and ``schema`` publishes them.
"""

import dataclasses
from typing import Any, Final

DOC: Final = "doc"
KEY: Final = "key"
SHORTHAND: Final = "shorthand"


def key(
    doc: str, *, name: str = "", default: Any = dataclasses.MISSING, shorthand: bool = False
) -> Any:
    """Describe a field; ``shorthand`` marks the one that a plain scalar or list stands for."""
    metadata = {DOC: doc, KEY: name, SHORTHAND: shorthand}
    return dataclasses.field(default=default, metadata=metadata)


def mapping(doc: str, *, name: str = "") -> Any:
    """Describe a field that maps names to values and may be left out."""
    metadata = {DOC: doc, KEY: name, SHORTHAND: False}
    return dataclasses.field(default_factory=dict, metadata=metadata)


def line() -> Any:
    """Where a value stood in the file, for messages only."""
    return dataclasses.field(default=0, compare=False)


def written() -> Any:
    """Which fields the author wrote: leaving one out and writing its default are two things."""
    return dataclasses.field(default=frozenset(), compare=False)
