"""``import``: a verified bundle into a destination."""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.cli.verify import find_bundle
from matrix.destinations.imports import import_bundle
from matrix.destinations.kinds import parse_destination
from matrix.errors import printable
from matrix.verify import unpacking

EXAMPLES: Final = (
    "wheelyard import release/acme-python-2026.9.21 --to static:/srv/wheels",
    "wheelyard import parts --to /srv/wheels",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    bundle: Path
    to: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="or a directory that holds one")
    parser.add_argument(
        "--to",
        required=True,
        metavar="DESTINATION",
        help="`static:DIR`, or DIR: a directory that a web server serves",
    )


def run(session: Session, arguments: Arguments) -> None:
    """Verify a bundle and add it to a directory that is served."""
    destination = parse_destination(arguments.to)
    bundle = find_bundle(arguments.bundle)
    with unpacking.open_bundle(bundle, scratch=session.cache / "joined") as directory:
        imported = import_bundle(directory, destination, session.reporter.say)
    count_by_what = {
        "wheels copied": len(imported.copied),
        "wheels kept": imported.reused,
        "pages written": imported.pages,
    }
    if arguments.common.json:
        session.show(json.dumps(count_by_what))
        return
    counts = ", ".join(f"{count} {what}" for what, count in count_by_what.items())
    state = "imported" if imported.is_new else "was there already"
    label = printable(imported.report.record.label)
    session.show(f"{label} {state} in {printable(destination.label)}: {counts}")
