"""
The text of ``ledger.jsonl`` and back, strictly: every user who may write to the server can.

A line holds the digest of the line before it, so that the digest of the last line, noted elsewhere,
shows any change of an earlier one. Lines of the first ledgers hold neither digest nor time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from matrix.destinations.ledger import FILENAME
from matrix.destinations.lines import (
    Adoption,
    Import,
    Line,
    Pruning,
    Retirement,
    RollBack,
    Withdrawal,
)
from matrix.errors import NotVerified, Problem
from matrix.record import canonical, schema
from matrix.record.canonical import InvalidRecord

_KINDS: Final[Mapping[str, type[Line]]] = {
    kind.action: kind for kind in (Import, RollBack, Retirement, Withdrawal, Pruning, Adoption)
}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST_SHOWN: Final = 80


def dump(lines: Iterable[Line]) -> str:
    """The text of ``ledger.jsonl``."""
    return "".join(f"{row}\n" for row, _ in dump_rows(lines))


def dump_rows(lines: Iterable[Line]) -> Iterator[tuple[str, str]]:
    """Yield the text of each line, and its digest."""
    previous = ""
    for line in lines:
        row = _dump_line(line, previous)
        previous = hashlib.sha256(row.encode("utf-8")).hexdigest()
        yield row, previous


def _dump_line(line: Line, previous: str) -> str:
    fields = dataclasses.asdict(line)
    if line.when:
        fields["previous"] = previous
    else:
        del fields["who"], fields["when"]
    return json.dumps(fields, sort_keys=True)


def parse(content: bytes) -> tuple[Line, ...]:
    """Invert ``dump``; raise ``NotVerified`` with the number of the first line that is wrong."""
    *rows, rest = content.split(b"\n")
    lines: list[Line] = []
    previous = ""
    for number, row in enumerate([*rows, rest] if rest else rows, start=1):
        try:
            line = _parse_line(row.decode("utf-8"), previous)
            if lines and lines[-1].when and not line.when:
                raise InvalidRecord("missing key 'previous'")
        except (ValueError, RecursionError) as error:
            what = f"expected a line of the ledger, got {_shorten(row)}: {error}"
            raise NotVerified(Problem(place=FILENAME, line=number, what=what)) from error
        lines.append(line)
        previous = hashlib.sha256(row).hexdigest()
    if rest:
        what = "expected a line break at the end, got none: the file was cut off"
        raise NotVerified(Problem(place=FILENAME, line=len(lines), what=what))
    return tuple(lines)


def _parse_line(text: str, previous: str) -> Line:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise InvalidRecord("not an object")
    # Lines of the first ledgers have no action: all of them are imports.
    has_action = "action" in fields
    action = fields.setdefault("action", Import.action)
    if not isinstance(action, str) or action not in _KINDS:
        raise InvalidRecord(f"unknown action {action!r}")
    if fields.get("when"):
        if fields.pop("previous", None) != previous:
            raise InvalidRecord("another line stood before this one")
    else:
        fields |= {"who": "", "when": ""}
    line = canonical.load(_KINDS[action], canonical.dumps(fields))
    written = _dump_line(line, previous)
    if not has_action:
        written = json.dumps(_drop_action(json.loads(written)), sort_keys=True)
    if written != text:
        raise InvalidRecord("not in canonical form: sorted keys, each key once")
    _check_names(line)
    return line


def _drop_action(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name != "action"}


def _check_names(line: Line) -> None:
    """Names become parts of paths."""
    if not isinstance(line, (Import, RollBack, Retirement)):
        return
    if not schema.is_name(line.name):
        raise InvalidRecord("name: expected the name of bundles")
    if not _SHA256.fullmatch(line.record_sha256):
        raise InvalidRecord("record_sha256: expected 64 hex digits")


def _shorten(row: bytes) -> str:
    text = row.decode("utf-8", errors="backslashreplace")
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")
