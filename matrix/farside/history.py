"""The ledger of a destination and what was undone there, as lines and as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from matrix.destinations import ledger_text
from matrix.destinations.ledger import Ledger
from matrix.destinations.lines import Adoption, Line, Pruning, Withdrawal
from matrix.destinations.undo import Undone
from matrix.edge.quantities import count
from matrix.errors import printable
from matrix.farside.summaries import dump_json


def describe_line(line: Line) -> str:
    """
    Return what a line of the ledger says was done.

    >>> describe_line(Withdrawal("six", "1.0", "broken"))
    'withdraw six 1.0: broken'
    """
    if isinstance(line, Withdrawal):
        reason = f": {line.reason}" if line.reason else ""
        return f"{line.action} {line.project} {line.version}{reason}"
    if isinstance(line, Pruning):
        return f"{line.action} {count(len(line.filenames), 'file')}"
    if isinstance(line, Adoption):
        return f"{line.action} {count(len(line.paths), 'page')}"
    return f"{line.action} {line.name} {line.version} (sequence {line.sequence})"


def summarize_history(ledger: Ledger) -> str:
    """Return the lines of a ledger, oldest first, and the digest of the last one."""
    rows = list(_number_lines(ledger))
    if not rows:
        return "nothing was imported yet"
    in_effect = ", ".join(entry.label for entry in ledger.imports) or "none"
    texts = [
        *(
            f"{number:3} {line.when or 'time unknown'} {_describe(line)}"
            for number, line, _ in rows
        ),
        f"in effect: {in_effect}",
        f"digest of the last line: {rows[-1][2]}",
    ]
    return "\n".join(map(printable, texts))


def _describe(line: Line) -> str:
    who = f" by {line.who}" if line.who else ""
    return f"{line.when or 'time unknown'} {describe_line(line)}{who}"


def _number_lines(ledger: Ledger) -> Iterator[tuple[int, Line, str]]:
    digests = (digest for _, digest in ledger_text.dump_rows(ledger.lines))
    for number, (line, digest) in enumerate(zip(ledger.lines, digests), start=1):
        yield number, line, digest


def describe_history(ledger: Ledger) -> dict[str, object]:
    """Return the lines of a ledger as plain values."""
    return {
        "lines": [
            {**dataclasses.asdict(line), "number": number, "sha256": digest}
            for number, line, digest in _number_lines(ledger)
        ],
        "in_effect": [entry.label for entry in ledger.imports],
    }


def render_history(ledger: Ledger, *, is_json: bool) -> str:
    """Return what a verb prints of a ledger."""
    return dump_json(describe_history(ledger)) if is_json else summarize_history(ledger)


def summarize_undone(undone: Undone) -> str:
    """Return what was undone in lines; of a dry run, what would be."""
    state = "" if undone.is_done else "would "
    lines = [f"{state}{describe_line(line)}" for line in undone.lines]
    for line in undone.lines:
        if isinstance(line, Pruning):
            lines += [f"  {name}" for name in line.filenames]
    shown = ", ".join(entry.label for entry in undone.ledger.imports) or "no bundle"
    verb = "serves" if undone.is_done else "would serve"
    pages = count(undone.pages, "page")
    changed = "changed" if undone.is_done else "would change"
    if not lines:
        lines = ["nothing to do"]
    return "\n".join(
        map(printable, [*lines, f"{undone.destination} {verb} {shown}: {pages} {changed}"])
    )


def describe_undone(undone: Undone) -> dict[str, object]:
    """Return what was undone as plain values."""
    return {
        "destination": undone.destination,
        "lines": [dataclasses.asdict(line) for line in undone.lines],
        "in_effect": [entry.label for entry in undone.ledger.imports],
        "pages_written": undone.pages,
        "is_done": undone.is_done,
    }


def render_undone(undone: Undone, *, is_json: bool) -> str:
    """Return what a verb prints of what it has undone."""
    return dump_json(describe_undone(undone)) if is_json else summarize_undone(undone)


def summarize_verified(label: str, ledger: Ledger) -> str:
    """Return what a verified destination serves."""
    wheels, imports = count(len(ledger.wheels), "wheel"), count(len(ledger.imports), "import")
    return "\n".join(map(printable, (f"{label}: verified", f"  {imports} in effect, {wheels}")))


def describe_verified(label: str, ledger: Ledger) -> dict[str, object]:
    """Return what a verified destination serves as plain values."""
    return {
        "destination": label,
        "in_effect": [entry.label for entry in ledger.imports],
        "wheels": len(ledger.wheels),
    }


def render_verified(label: str, ledger: Ledger, *, is_json: bool) -> str:
    """Return what a verb prints of a verified destination."""
    if is_json:
        return dump_json(describe_verified(label, ledger))
    return summarize_verified(label, ledger)
