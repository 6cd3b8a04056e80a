"""``verify``: every byte of a bundle or a destination, and its proofs again."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.destinations.kinds import is_destination, parse_destination
from matrix.farside import carried, help_texts, history, summaries
from matrix.farside.stamps import ServerOptions, make_access

DESCRIPTION: Final = (
    "Check every byte of a bundle, or of a directory with its parts, against its record, "
    "and prove again that every requirement installs on every target. "
    "Of a destination: every file and page against its ledger, with all proofs."
)
EXAMPLES: Final = (
    "wheelyard verify release/acme-python-2026.9.21",
    "wheelyard verify parts",
    "wheelyard verify static:/srv/wheels",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    bundle: str
    access: ServerOptions
    sha256: str
    trust: Path | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", help=help_texts.VERIFIED)
    help_texts.add_server_options(parser)
    parser.add_argument("--sha256", default="", metavar="DIGEST", help=help_texts.SHA256)
    parser.add_argument("--trust", type=Path, metavar="FILE", help=help_texts.TRUST)


def run(session: Session, arguments: Arguments) -> None:
    """Check a bundle, or a destination, and prove it again."""
    if is_destination(arguments.bundle):
        access = make_access(session.environment, session.now, arguments.access)
        destination = parse_destination(arguments.bundle, access, place="DESTINATION")
        ledger = carried.verify_destination(destination, session.reporter.say)
        is_json = arguments.common.json
        session.show(history.render_verified(destination.label, ledger, is_json=is_json))
        return
    verified = carried.verify_carried(
        Path(arguments.bundle),
        session.reporter.say,
        scratch=session.cache / "joined",
        sha256=arguments.sha256,
        trust=arguments.trust,
    )
    if arguments.common.json:
        session.show(format_json(summaries.describe_verified(verified)))
    else:
        session.show(summaries.summarize_verified(verified))
