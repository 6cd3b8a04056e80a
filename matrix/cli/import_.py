"""``import``: a verified bundle into a destination."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.destinations.kinds import parse_destination
from matrix.farside import carried, help_texts, summaries
from matrix.farside.stamps import ServerOptions, make_access

DESCRIPTION: Final = (
    "Verify a bundle, or its parts, and add it to a destination, which is proven again "
    "before anything becomes visible."
)
EXAMPLES: Final = (
    "wheelyard import release/acme-python-2026.9.21 --to static:/srv/wheels",
    "wheelyard import parts --to /srv/wheels",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    bundle: Path
    to: str
    access: ServerOptions
    adopt: bool
    check: str
    sha256: str
    trust: Path | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help=help_texts.BUNDLE)
    parser.add_argument("--to", required=True, metavar="DESTINATION", help=help_texts.TO)
    help_texts.add_server_options(parser)
    parser.add_argument("--check", default="", metavar="URL", help=help_texts.CHECK)
    parser.add_argument("--adopt", action="store_true", help=help_texts.ADOPT)
    parser.add_argument("--sha256", default="", metavar="DIGEST", help=help_texts.SHA256)
    parser.add_argument("--trust", type=Path, metavar="FILE", help=help_texts.PIN)


def run(session: Session, arguments: Arguments) -> None:
    """Verify a bundle and add it to a destination."""
    access = make_access(session.environment, session.now, arguments.access)
    imported = carried.import_carried(
        arguments.bundle,
        parse_destination(arguments.to, access),
        session.reporter.say,
        scratch=session.cache / "joined",
        stamp=access.stamp,
        adopt=arguments.adopt,
        sha256=arguments.sha256,
        trust=arguments.trust,
    )
    carried.check_clients(imported.imported, arguments.check, access, session.reporter.say)
    if arguments.common.json:
        session.show(format_json(summaries.describe_imported(imported)))
    else:
        session.show(summaries.summarize_imported(imported))
