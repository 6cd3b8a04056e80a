"""``diff``: what changed from one bundle to another."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.record import schema
from matrix.record.schema import Record
from matrix.report import bundle_diff
from matrix.verify import reading

DESCRIPTION: Final = (
    "Compare two bundles by their records, without verifying them: versions for each target, "
    "wheels, sizes, targets, and what is missing. What went down stands first."
)
EXAMPLES: Final = (
    "wheelyard diff release/acme-python-1 release/acme-python-2",
    "wheelyard diff release/acme-python-1 release/acme-python-2 --markdown",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    before: Path
    after: Path
    markdown: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name in ("before", "after"):
        parser.add_argument(
            name, type=Path, metavar=name.upper(), help="a bundle, or its bundle.json"
        )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(session: Session, arguments: Arguments) -> None:
    """Print what differs."""
    records = [_read_record(path) for path in (arguments.before, arguments.after)]
    difference = bundle_diff.compare_bundles(*records)
    if arguments.common.json:
        session.show(bundle_diff.render_json(difference))
    elif arguments.markdown:
        session.show(bundle_diff.render_markdown(difference))
    else:
        session.show(bundle_diff.render_text(difference))


def _read_record(path: Path) -> Record:
    file = path / schema.FILENAME if path.is_dir() else path
    data = reading.read_bytes(file, place=str(file))
    return reading.parse(data, schema.parse, place=str(file))
