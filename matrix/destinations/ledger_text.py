"""The text of ``ledger.jsonl`` and back, strictly: every user who may write to the server can."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from matrix.destinations.ledger import (
    FILENAME,
    Adoption,
    Import,
    Line,
    Pruning,
    RollBack,
    Withdrawal,
)
from matrix.errors import NotVerified, Problem
from matrix.record import canonical, schema
from matrix.record.canonical import InvalidRecord

_KINDS: Final[Mapping[str, type[Line]]] = {
    kind.action: kind for kind in (Import, RollBack, Withdrawal, Pruning, Adoption)
}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_SHOWN: Final = 80


def dump(lines: Iterable[Line]) -> str:
    """The text of ``ledger.jsonl``."""
    return "".join(f"{_dump_line(line)}\n" for line in lines)


def _dump_line(line: Line) -> str:
    return json.dumps(dataclasses.asdict(line), sort_keys=True)


def parse(content: bytes) -> tuple[Line, ...]:
    """Invert ``dump``; raise ``NotVerified`` with the number of the first line that is wrong."""
    *rows, rest = content.split(b"\n")
    lines = []
    for number, row in enumerate([*rows, rest] if rest else rows, start=1):
        try:
            lines.append(_parse_line(row.decode("utf-8")))
        except (ValueError, RecursionError) as error:
            what = f"expected a line of the ledger, got {_shorten(row)}: {error}"
            raise NotVerified(Problem(place=FILENAME, line=number, what=what)) from error
    if rest:
        what = "expected a line break at the end, got none: the file was cut off"
        raise NotVerified(Problem(place=FILENAME, line=len(lines), what=what))
    return tuple(lines)


def _parse_line(text: str) -> Line:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise InvalidRecord("not an object")
    # Lines of the first ledgers have no action: all of them are imports.
    has_action = "action" in fields
    action = fields.setdefault("action", Import.action)
    if not isinstance(action, str) or action not in _KINDS:
        raise InvalidRecord(f"unknown action {action!r}")
    line = canonical.load(_KINDS[action], canonical.dumps(fields))
    written = dataclasses.asdict(line)
    if not has_action:
        del written["action"]
    if json.dumps(written, sort_keys=True) != text:
        raise InvalidRecord("not in canonical form: sorted keys, each key once")
    _check_names(line)
    return line


def _check_names(line: Line) -> None:
    """Names become parts of paths."""
    if not isinstance(line, (Import, RollBack)):
        return
    if not schema.is_name(line.name):
        raise InvalidRecord("name: expected the name of bundles")
    if not _SHA256.fullmatch(line.record_sha256):
        raise InvalidRecord("record_sha256: expected 64 hex digits")


def _shorten(row: bytes) -> str:
    text = row.decode("utf-8", errors="backslashreplace")
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")
