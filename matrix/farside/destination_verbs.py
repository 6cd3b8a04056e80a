"""The verbs for what was imported: to undo, remove, list and verify it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

from matrix.destinations import undo
from matrix.destinations.destination import Say
from matrix.destinations.kinds import parse_destination
from matrix.farside import carried, help_texts, history


def verify(arguments: argparse.Namespace, say: Say) -> str:
    """Verify a destination in place of a bundle."""
    destination = parse_destination(arguments.bundle, arguments.access, place="DESTINATION")
    ledger = carried.verify_destination(destination, say)
    return history.render_verified(destination.label, ledger, is_json=arguments.json)


def _roll_back(arguments: argparse.Namespace, say: Say) -> str:
    destination = parse_destination(arguments.destination, arguments.access, place="DESTINATION")
    undone = undo.roll_back(
        destination, arguments.name, say, stamp=arguments.access.stamp, dry_run=arguments.dry_run
    )
    return history.render_undone(undone, is_json=arguments.json)


def _withdraw(arguments: argparse.Namespace, say: Say) -> str:
    undone = undo.withdraw(
        parse_destination(arguments.destination, arguments.access, place="DESTINATION"),
        undo.parse_release(arguments.release),
        arguments.reason,
        say,
        stamp=arguments.access.stamp,
        dry_run=arguments.dry_run,
    )
    return history.render_undone(undone, is_json=arguments.json)


def _prune(arguments: argparse.Namespace, say: Say) -> str:
    undone = undo.prune(
        parse_destination(arguments.destination, arguments.access, place="DESTINATION"),
        say,
        keep=arguments.keep,
        stamp=arguments.access.stamp,
        dry_run=not arguments.remove,
    )
    return history.render_undone(undone, is_json=arguments.json)


def _history(arguments: argparse.Namespace, say: Say) -> str:
    del say
    ledger = parse_destination(
        arguments.destination, arguments.access, place="DESTINATION"
    ).read_ledger()
    return history.render_history(ledger, is_json=arguments.json)


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
