"""``verify``: every byte of a bundle, and its proofs again."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.errors import NotVerified, Problem
from matrix.record import parts, schema
from matrix.report import bundles
from matrix.verify import unpacking
from matrix.verify.verify import verify as verify_bundle

EXAMPLES: Final = ("wheelyard verify release/acme-python-2026.9.21", "wheelyard verify parts")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    bundle: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="or a directory that holds one")


def run(session: Session, arguments: Arguments) -> None:
    """Check a bundle and prove it again."""
    session.reporter.say(f"verifying {arguments.bundle}")
    bundle = find_bundle(arguments.bundle)
    with unpacking.open_bundle(bundle, scratch=session.cache / "joined") as directory:
        report = verify_bundle(directory)
    is_json = arguments.common.json
    session.show(format_json(bundles.facts(report)) if is_json else bundles.text(report))


def find_bundle(path: Path) -> Path:
    """Return ``path`` if it is a bundle or the parts of one, else the one that it holds."""
    names = (schema.FILENAME, parts.FILENAME)
    if any((path / name).exists() for name in names):
        return path
    bundles_inside = sorted({file.parent for name in names for file in path.glob(f"*/{name}")})
    if len(bundles_inside) == 1:
        return bundles_inside[0]
    got = ", ".join(bundle.name for bundle in bundles_inside) or "none"
    what = f"expected a bundle, or a directory that holds one, got {got}"
    raise NotVerified(Problem(place=str(path), what=what, hint="name the bundle's own directory"))
