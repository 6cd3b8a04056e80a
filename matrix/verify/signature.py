"""Whether a bundle is signed, and whether that can be trusted."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

from matrix.errors import NotVerified, Problem
from matrix.record import envelope, schema, trust_file
from matrix.record.canonical import InvalidRecord
from matrix.record.trust_file import Trust
from matrix.verify import reading


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What is known of a bundle's signatures."""

    signers: tuple[str, ...]
    """The names of the trusted keys; empty where no trust file was compared."""
    keyids: tuple[str, ...]
    """The ids of all keys of the signature file; empty for an unsigned bundle."""

    def __str__(self) -> str:
        if self.signers:
            return f"signed by {', '.join(self.signers)}"
        if self.keyids:
            return "SIGNED, BUT NOT CHECKED: no trust file says whose signature counts (--trust)"
        return "NOT SIGNED: nothing says who made this bundle"


@dataclasses.dataclass(frozen=True)
class PinnedTrust:
    """A trust file, its bytes, and where it came from."""

    trust: Trust
    data: bytes
    place: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def read_trust(path: Path) -> PinnedTrust:
    """Read a trust file."""
    data = reading.read_bytes(path, place=str(path))
    trust = reading.parse(data, trust_file.parse, place=str(path))
    return PinnedTrust(trust=trust, data=data, place=str(path))


def locate_signature(path: Path) -> Path:
    """Return where the signatures of a trust file lie: ``trust.dsse.json`` beside it."""
    return path.with_suffix(".dsse.json")


def judge_bundle(
    directory: Path,
    record_sha256: str,
    pinned: PinnedTrust | None,
) -> Judgement:
    """
    Judge the signature file in ``directory``, a bundle or its parts, of the record's digest.

    Raises ``NotVerified`` where ``pinned`` demands signatures that are not there, and for a
    signature file that cannot be read or is about another bundle.
    """
    place = schema.SIGNATURE
    path = directory / place
    if not os.path.lexists(path):
        if pinned is None:
            return Judgement(signers=(), keyids=())
        what = f"expected signatures by {pinned.trust.threshold} keys of {pinned.place}, got none"
        raise NotVerified(Problem(place=place, what=what))
    data = reading.read_bytes(path, place=place)
    signed = reading.parse(data, envelope.parse, place=place)
    try:
        envelope.check_subject(signed, schema.FILENAME, record_sha256)
        signers: tuple[str, ...] = ()
        if pinned is not None:
            signers = trust_file.check_signed(
                pinned.trust, signed, name=schema.FILENAME, sha256=record_sha256
            )
    except InvalidRecord as error:
        raise NotVerified(Problem(place=place, what=str(error))) from error
    keyids = tuple(signature.keyid for signature in signed.signatures)
    return Judgement(signers=signers, keyids=keyids)


def check_successor(old: PinnedTrust, new: PinnedTrust, path: Path) -> None:
    """Raise ``NotVerified`` unless ``new``, read from ``path``, may take the place of ``old``."""
    signatures = locate_signature(path)
    place = str(signatures)
    data = reading.read_bytes(signatures, place=place)
    signed = reading.parse(data, envelope.parse, place=place)
    try:
        trust_file.check_successor(old.trust, new.trust, signed, sha256=new.sha256)
    except InvalidRecord as error:
        raise NotVerified(Problem(place=place, what=str(error))) from error
