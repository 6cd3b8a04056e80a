"""What a person carried in: a bundle, its parts, or a directory that holds either."""

from __future__ import annotations

from pathlib import Path

from matrix.destinations.destination import Destination, Say
from matrix.destinations.imports import Imported, check_apart, import_bundle
from matrix.destinations.ledger import Ledger
from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.errors import NotVerified, Problem
from matrix.record import parts, schema
from matrix.verify import unpacking
from matrix.verify.verify import Report, verify


def verify_carried(path: Path, say: Say, *, scratch: Path, sha256: str = "") -> Report:
    """Verify what ``path`` holds; parts are joined below ``scratch`` for a while."""
    say(f"verifying {path}")
    with unpacking.open_bundle(find_bundle(path), scratch=scratch) as bundle:
        return verify(bundle, sha256=sha256)


def import_carried(
    path: Path,
    destination: Destination,
    say: Say,
    *,
    scratch: Path,
    stamp: Stamp = NO_STAMP,
    adopt: bool = False,
    sha256: str = "",
) -> Imported:
    """Verify what ``path`` holds and import it into ``destination``."""
    carried = find_bundle(path)
    check_apart(carried, destination)
    with unpacking.open_bundle(carried, scratch=scratch) as bundle:
        return import_bundle(bundle, destination, say, stamp=stamp, adopt=adopt, sha256=sha256)


def verify_destination(destination: Destination, say: Say) -> Ledger:
    """Check every file and page of ``destination``, prove it again, and return its ledger."""
    say(f"verifying {destination.label}")
    destination.verify()
    return destination.read_ledger()


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
