"""Roll back, withdraw and prune: the same for every kind of destination."""

from __future__ import annotations

import dataclasses

from matrix.destinations.destination import Destination, Say
from matrix.destinations.ledger import Ledger
from matrix.destinations.lines import NO_STAMP, Line, Pruning, Stamp
from matrix.errors import Problem, UsageError


@dataclasses.dataclass(frozen=True)
class Undone:
    """The result of undoing something, or what it would be."""

    destination: str
    ledger: Ledger
    lines: tuple[Line, ...]
    """What the ledger has gained."""
    pages: int
    """Pages that changed, or would change."""
    is_done: bool
    """False for a dry run."""


def roll_back(
    destination: Destination,
    name: str,
    say: Say,
    *,
    stamp: Stamp = NO_STAMP,
    dry_run: bool = False,
) -> Undone:
    """
    Serve what was served before the newest import of bundles named ``name``, or of all.

    Raises ``NotProven`` if a requirement of another bundle would not install any more.
    """
    _require(destination, destination.capabilities().rolls_back, "roll back")
    with destination.lock(say):
        before = destination.read_ledger(stamp)
        return _change(destination, before, before.roll_back(name), say, dry_run=dry_run)


def withdraw(
    destination: Destination,
    release: tuple[str, str],
    reason: str,
    say: Say,
    *,
    stamp: Stamp = NO_STAMP,
    dry_run: bool = False,
) -> Undone:
    """
    Serve a release, as project and version, no more.

    Raises ``NotProven`` with every requirement that needs it.
    """
    _require(destination, destination.capabilities().withdraws, "withdraw")
    with destination.lock(say):
        before = destination.read_ledger(stamp)
        after = before.withdraw(*release, reason)
        return _change(destination, before, after, say, dry_run=dry_run)


def prune(
    destination: Destination,
    say: Say,
    *,
    keep: int | None = None,
    stamp: Stamp = NO_STAMP,
    dry_run: bool = True,
) -> Undone:
    """
    Remove the files that no import needs; with ``keep``, only so many newest imports of each name.

    An import that was rolled back keeps its files: it may be made again.
    """
    _require(destination, destination.capabilities().prunes, "prune")
    with destination.lock(say):
        before = destination.read_ledger(stamp)
        after = before if keep is None else before.retire(keep)
        names = destination.find_unneeded(after)
        if names:
            # The ledger first: a file that is gone without a line could not be explained.
            after = after.add(Pruning(names))
        undone = _change(destination, before, after, say, dry_run=dry_run)
        if undone.is_done:
            destination.remove(names)
        return undone


def _change(
    destination: Destination, before: Ledger, after: Ledger, say: Say, *, dry_run: bool
) -> Undone:
    say("proving what will be served")
    pages = destination.promote(before, after, dry_run=dry_run)
    lines = after.lines[len(before.lines) :]
    return Undone(destination.label, after, lines, pages, is_done=not dry_run)


def _require(destination: Destination, can: bool, verb: str) -> None:  # noqa: FBT001 - a question
    if not can:
        what = f"expected a destination that can {verb}, got {destination.label}"
        raise UsageError(Problem(place="", what=what))


def parse_release(text: str) -> tuple[str, str]:
    """
    The project and version of ``PROJECT==VERSION``.

    >>> parse_release("idna == 3.6")
    ('idna', '3.6')
    """
    project, separator, version = (part.strip() for part in text.partition("=="))
    if not project or not separator or not version:
        what = f"expected PROJECT==VERSION, got {text!r}"
        raise UsageError(Problem(place="", what=what))
    return project, version
