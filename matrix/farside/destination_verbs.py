"""The verbs for what was imported: to undo, remove, list and verify it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

from matrix.destinations import undo
from matrix.destinations.destination import Say
from matrix.destinations.kinds import parse_destination
from matrix.destinations.undo import Undone
from matrix.farside import carried, help_texts, history, summaries


def verify(arguments: argparse.Namespace, say: Say) -> str:
    """Verify a destination in place of a bundle."""
    destination = parse_destination(arguments.bundle, arguments.access, place="DESTINATION")
    ledger = carried.verify_destination(destination, say)
    if arguments.json:
        return summaries.dump_json(history.describe_verified(destination.label, ledger))
    return history.summarize_verified(destination.label, ledger)


def _roll_back(arguments: argparse.Namespace, say: Say) -> str:
    destination = parse_destination(arguments.destination, arguments.access, place="DESTINATION")
    undone = undo.roll_back(
        destination, arguments.name, say, stamp=arguments.access.stamp, dry_run=arguments.dry_run
    )
    return _show(undone, arguments)


def _withdraw(arguments: argparse.Namespace, say: Say) -> str:
    undone = undo.withdraw(
        parse_destination(arguments.destination, arguments.access, place="DESTINATION"),
        undo.parse_release(arguments.release),
        arguments.reason,
        say,
        stamp=arguments.access.stamp,
        dry_run=arguments.dry_run,
    )
    return _show(undone, arguments)


def _prune(arguments: argparse.Namespace, say: Say) -> str:
    undone = undo.prune(
        parse_destination(arguments.destination, arguments.access, place="DESTINATION"),
        say,
        keep=arguments.keep,
        stamp=arguments.access.stamp,
        dry_run=not arguments.remove,
    )
    return _show(undone, arguments)


def _show(undone: Undone, arguments: argparse.Namespace) -> str:
    if arguments.json:
        return summaries.dump_json(history.describe_undone(undone))
    return history.summarize_undone(undone)


def _history(arguments: argparse.Namespace, say: Say) -> str:
    del say
    ledger = parse_destination(
        arguments.destination, arguments.access, place="DESTINATION"
    ).read_ledger()
    if arguments.json:
        return summaries.dump_json(history.describe_history(ledger))
    return history.summarize_history(ledger)


def _add_json(
    add_arguments: Callable[[argparse.ArgumentParser], None],
) -> Callable[[argparse.ArgumentParser], None]:
    def add(parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)
        parser.add_argument("--json", action="store_true", help=help_texts.JSON)

    return add


ROWS: Final = (
    ("roll-back", "undo the newest import", _add_json(help_texts.add_roll_back), _roll_back),
    ("withdraw", "take a release out", _add_json(help_texts.add_withdraw), _withdraw),
    ("prune", "list or remove what no import needs", _add_json(help_texts.add_prune), _prune),
    ("history", "print what was done", _add_json(help_texts.add_destination), _history),
)
"""Name, summary, options and function of each verb."""
