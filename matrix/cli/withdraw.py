"""``withdraw``: take a release out of a destination."""

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
    "Take a release out of the pages of a destination, also of later bundles that bring it. "
    "Refused with the chain while a requirement needs it."
)
EXAMPLES: Final = (
    'wheelyard withdraw static:/srv/wheels idna==3.6 --reason "CVE-2024-3651"',
    "wheelyard withdraw static:/srv/wheels idna==3.6 --dry-run",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    destination: str
    access: ServerOptions
    release: str
    reason: str
    dry_run: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    help_texts.add_withdraw(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Take a release out of a destination."""
    access = make_access(session.environment, session.now, arguments.access)
    undone = undo.withdraw(
        parse_destination(arguments.destination, access, place="DESTINATION"),
        undo.parse_release(arguments.release),
        arguments.reason,
        session.reporter.say,
        stamp=access.stamp,
        dry_run=arguments.dry_run,
    )
    session.show(history.render_undone(undone, is_json=arguments.common.json))
