"""``verify``: every byte of a bundle, and its proofs again."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.farside import carried, help_texts, summaries

DESCRIPTION: Final = (
    "Check every byte of a bundle, or of a directory with its parts, against its record, "
    "and prove again that every requirement installs on every target."
)
EXAMPLES: Final = ("wheelyard verify release/acme-python-2026.9.21", "wheelyard verify parts")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    bundle: Path
    sha256: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help=help_texts.BUNDLE)
    parser.add_argument("--sha256", default="", metavar="DIGEST", help=help_texts.SHA256)


def run(session: Session, arguments: Arguments) -> None:
    """Check a bundle and prove it again."""
    report = carried.verify_carried(
        arguments.bundle,
        session.reporter.say,
        scratch=session.cache / "joined",
        sha256=arguments.sha256,
    )
    if arguments.common.json:
        session.show(format_json(summaries.describe_bundle(report)))
    else:
        session.show(summaries.summarize_bundle(report))
