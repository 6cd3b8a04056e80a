"""``history``: what was done to a destination."""

import argparse
import dataclasses
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.destinations.kinds import parse_destination
from matrix.farside import help_texts, history
from matrix.farside.stamps import ServerOptions, make_access

DESCRIPTION: Final = (
    "Print what was done to a destination, by whom and when. Each line of the ledger holds the "
    "digest of the line before it: note the last digest elsewhere, and any later change shows."
)
EXAMPLES: Final = ("wheelyard history static:/srv/wheels", "wheelyard history /srv/wheels --json")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    destination: str
    access: ServerOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    help_texts.add_destination(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Print what was done to a destination."""
    access = make_access(session.environment, session.now, arguments.access)
    destination = parse_destination(arguments.destination, access, place="DESTINATION")
    ledger = destination.read_ledger()
    session.show(history.render_history(ledger, is_json=arguments.common.json))
