"""``serve``: a bundle or a static destination on loopback."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.farside import server, verbs

DESCRIPTION: Final = (
    "Serve a bundle, or the directory of a static destination, on 127.0.0.1 for a first look. "
    "It is no server for others: any web server serves the same directory."
)
EXAMPLES: Final = (
    "wheelyard serve release/acme-python-2026.9.21",
    "wheelyard serve /srv/wheels --port 9000",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    directory: Path
    port: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs.add_serve(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Serve until an interrupt."""
    server.serve(arguments.directory, port=arguments.port, say=session.reporter.say)
