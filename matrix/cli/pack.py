"""``pack``: a bundle as parts that a medium or a service takes."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.bundle import packing
from matrix.cli.arguments import Common, parse_size_argument
from matrix.cli.session import Session, format_json

DESCRIPTION: Final = (
    "Write a bundle as one uncompressed tar in parts of at most that size, with parts.json, "
    "the notes, the program of the far side and the signature beside them. The same bundle "
    "gives the same bytes; a damaged part is named alone."
)
EXAMPLES: Final = (
    "wheelyard pack release/acme-python-2026.9.21 --size 4GB",
    "wheelyard pack release/acme-python-2026.9.21 --size 700MB --out discs",
)
OUT: Final = Path("parts")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    bundle: Path
    size: int
    out: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the directory of a bundle")
    parser.add_argument(
        "--size",
        type=parse_size_argument,
        required=True,
        metavar="SIZE",
        help="the most bytes of a part, such as 2000000000, 100MB or 1.5GiB",
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="a new directory; default: %(default)s"
    )


def run(session: Session, arguments: Arguments) -> None:
    """Pack a bundle."""
    bundle = arguments.bundle.resolve()
    written = packing.pack(bundle, arguments.out, size=arguments.size, reporter=session.reporter)
    if arguments.common.json:
        session.show(format_json({"files": [str(path) for path in written]}))
    else:
        session.show("\n".join(str(path) for path in written))
