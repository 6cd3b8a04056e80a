"""
Plain values as TOML: what configurations and exports of ours hold.

A writer of our own, because the standard library only reads, and a dependency for a page of code
must be mirrored into every closed network.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

Plain = str | bool | Sequence[str]
Value = Plain | Mapping[str, Plain]


def scalar(text: str) -> str:
    """A TOML basic string that reads back as ``text``."""
    # JSON's escapes are a subset of TOML's as long as no surrogate pairs are written; DEL is the
    # one character that JSON leaves bare and TOML forbids.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def value(thing: Any) -> str:  # noqa: ANN401 - any value that TOML has a type for
    """One value, on one line."""
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, str):
        return scalar(thing)
    if isinstance(thing, int):
        return str(thing)
    if isinstance(thing, datetime.datetime):
        return thing.isoformat().replace("+00:00", "Z")
    if isinstance(thing, Mapping):
        return "{" + ", ".join(f"{key} = {value(thing[key])}" for key in thing) + "}"
    return "[" + ", ".join(map(value, thing)) + "]"


def table(name: str, entries: Mapping[str, Any]) -> str:
    """A table with bare keys, in the order given."""
    return f"[{name}]\n{pairs(entries)}"


def array_of_tables(name: str, tables: Sequence[Mapping[str, Any]]) -> str:
    """A table for each entry; each inline table in a list of them has a line of its own."""
    return "".join(f"\n[[{name}]]\n{pairs(entries)}" for entries in tables)


def pairs(entries: Mapping[str, Any]) -> str:
    """Bare keys and their values, one a line, in the order given."""
    return "".join(f"{key} = {_lines(entries[key])}\n" for key in entries)


def _lines(thing: Any) -> str:  # noqa: ANN401 - any value that TOML has a type for
    is_list = isinstance(thing, Sequence) and not isinstance(thing, str)
    if is_list and thing and all(isinstance(entry, Mapping) for entry in thing):
        return "[\n" + "".join(f"    {value(entry)},\n" for entry in thing) + "]"
    return value(thing)
