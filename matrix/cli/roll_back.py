"""``roll-back``: undo the newest import of a destination."""

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
    "Serve what was served before the newest import. Files stay, and the bundle may be imported "
    "again. What other bundles require is proven first."
)
EXAMPLES: Final = (
    "wheelyard roll-back static:/srv/wheels --dry-run",
    "wheelyard roll-back static:/srv/wheels --name acme-python",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    destination: str
    access: ServerOptions
    name: str
    dry_run: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    help_texts.add_roll_back(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Undo the newest import of a destination."""
    access = make_access(session.environment, session.now, arguments.access)
    undone = undo.roll_back(
        parse_destination(arguments.destination, access, place="DESTINATION"),
        arguments.name,
        session.reporter.say,
        stamp=access.stamp,
        dry_run=arguments.dry_run,
    )
    session.show(history.render_undone(undone, is_json=arguments.common.json))
