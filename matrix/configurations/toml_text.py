"""
TOML out of strings, booleans, lists and tables of strings: all that a configuration of ours holds.

A writer of our own because the standard library only reads, and a dependency for three functions
must be mirrored into every closed network.
"""

import json
from collections.abc import Mapping, Sequence

Plain = str | bool | Sequence[str]
Value = Plain | Mapping[str, Plain]


def scalar(text: str) -> str:
    """A TOML basic string that reads back as ``text``."""
    # JSON's escapes are a subset of TOML's as long as no surrogate pairs are written; DEL is the
    # one character that JSON leaves bare and TOML forbids.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def value(thing: Value) -> str:
    """One value, on one line."""
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, str):
        return scalar(thing)
    if isinstance(thing, Mapping):
        return "{" + ", ".join(f"{key} = {value(thing[key])}" for key in thing) + "}"
    return "[" + ", ".join(scalar(entry) for entry in thing) + "]"


def table(name: str, entries: Mapping[str, Value]) -> str:
    """A table with bare keys, in the order given."""
    lines = [f"[{name}]", *(f"{key} = {value(entries[key])}" for key in entries)]
    return "\n".join(lines) + "\n"
