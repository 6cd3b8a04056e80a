"""``prune``: remove what no import of a destination needs."""

import argparse
import dataclasses
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.destinations import undo
from matrix.destinations.kinds import parse_destination
from matrix.farside import help_texts, history
from matrix.farside.stamps import ServerOptions, make_access

DESCRIPTION: Final = (
    "List the files that no import of a destination needs, and with --remove remove them. "
    "With --keep, imports that newer ones of their name replaced go first."
)
EXAMPLES: Final = (
    "wheelyard prune static:/srv/wheels",
    "wheelyard prune static:/srv/wheels --keep 3 --remove",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    destination: str
    access: ServerOptions
    keep: int | None
    remove: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    help_texts.add_prune(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Remove what no import of a destination needs."""
    access = make_access(session.environment, session.now, arguments.access)
    undone = undo.prune(
        parse_destination(arguments.destination, access, place="DESTINATION"),
        session.reporter.say,
        keep=arguments.keep,
        stamp=access.stamp,
        dry_run=not arguments.remove,
    )
    session.show(history.render_undone(undone, is_json=arguments.common.json))
