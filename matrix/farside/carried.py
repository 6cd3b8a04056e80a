"""What a person carried in: a bundle, its parts, or a directory that holds either."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from matrix.destinations.access import Access
from matrix.destinations.client_check import ClientCheck
from matrix.destinations.destination import Destination, Say
from matrix.destinations.imports import Imported, check_apart, import_bundle
from matrix.destinations.ledger import Ledger
from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.errors import NotVerified, Problem
from matrix.farside.pinning import choose_trust
from matrix.record import parts, schema
from matrix.verify import reading, unpacking
from matrix.verify.signature import Judgement, PinnedTrust, judge_bundle, read_trust
from matrix.verify.verify import Report, verify


@dataclasses.dataclass(frozen=True)
class VerifiedBundle:
    """A bundle that was verified, and what is known of its signatures."""

    report: Report
    signature: Judgement


@dataclasses.dataclass(frozen=True)
class ImportedBundle:
    """A bundle that was imported, and what is known of its signatures."""

    imported: Imported
    signature: Judgement


def verify_carried(
    path: Path,
    say: Say,
    *,
    scratch: Path,
    sha256: str = "",
    trust: Path | None = None,
) -> VerifiedBundle:
    """
    Verify what ``path`` holds; parts are joined below ``scratch`` for a while.

    ``trust`` is the trust file whose keys must have signed it.
    """
    say(f"verifying {path}")
    carried = find_bundle(path)
    pinned = read_trust(trust) if trust is not None else None
    with unpacking.open_bundle(carried, scratch=scratch) as bundle:
        digest, judgement = _judge(carried, bundle, sha256, pinned)
        return VerifiedBundle(report=verify(bundle, sha256=digest), signature=judgement)


def import_carried(
    path: Path,
    destination: Destination,
    say: Say,
    *,
    scratch: Path,
    stamp: Stamp = NO_STAMP,
    adopt: bool = False,
    sha256: str = "",
    trust: Path | None = None,
) -> ImportedBundle:
    """
    Verify what ``path`` holds and import it into ``destination``.

    ``trust`` is pinned there; a destination that has a trust file takes signed bundles only.
    """
    carried = find_bundle(path)
    check_apart(carried, destination)
    pin = choose_trust(destination, trust, say)
    with unpacking.open_bundle(carried, scratch=scratch) as bundle:
        digest, judgement = _judge(carried, bundle, sha256, pin.trust)
        imported = import_bundle(bundle, destination, say, stamp=stamp, adopt=adopt, sha256=digest)
    pin.write(say)
    return ImportedBundle(imported=imported, signature=judgement)


def _judge(
    carried: Path,
    bundle: Path,
    sha256: str,
    pinned: PinnedTrust | None,
) -> tuple[str, Judgement]:
    """The digest of the record, which ``verify`` compares again, and its signatures."""
    place = schema.FILENAME
    if not os.path.lexists(bundle / place):
        return sha256, Judgement(signers=(), keyids=())  # verify says what is missing
    data = reading.read_bytes(bundle / place, place=place)
    digest = reading.compare_digest(data, sha256, place=place)
    return digest, judge_bundle(carried, digest, pinned)


def check_clients(imported: Imported, url: str, access: Access, say: Say) -> None:
    """Raise ``IndexUnavailable`` unless clients see what was imported below ``url``."""
    if url:
        say(f"checking what clients see at {url}")
        record = imported.report.record
        shown = [wheel for wheel in record.wheels if wheel.filename not in imported.withdrawn]
        ClientCheck(url, access).check(shown, imported.copied)


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
