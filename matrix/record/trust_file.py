"""
``trust.json``: the keys that may sign bundles, and how many of them must.

A destination pins one file. Its successor has the next version and is signed, as a bundle is, by
the threshold of the keys before it: so a key that was lost or stolen is replaced by the others.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import re
from typing import Final, Literal

from matrix.edge import limits
from matrix.record import canonical, ed25519, envelope, sshsig
from matrix.record.canonical import InvalidRecord
from matrix.record.envelope import Envelope
from matrix.record.sshsig import SshKey

FILENAME: Final = "trust.json"
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9@._-]{0,62}[A-Za-z0-9])?")

Form = Literal["ed25519", "ssh"]
"""A bare signature, or one of ``ssh-keygen -Y sign``."""


@dataclasses.dataclass(frozen=True, order=True)
class TrustedKey:
    """A public key in base64, and a name that people know it by."""

    name: str
    form: Form
    public: str
    application: str
    """What the key of a hardware token is bound to, else empty."""

    @property
    def raw(self) -> bytes:
        try:
            return base64.b64decode(self.public, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRecord(f"keys: {self.name!r} is not base64") from error

    @property
    def keyid(self) -> str:
        return identify(self.raw)


@dataclasses.dataclass(frozen=True)
class Trust:
    """The whole file; keys are sorted by name."""

    version: int
    threshold: int
    keys: tuple[TrustedKey, ...]
    schema: Literal[1] = 1


def identify(raw: bytes) -> str:
    """Return the id of a raw public key: its sha256."""
    return hashlib.sha256(raw).hexdigest()


def dump(trust: Trust) -> str:
    """The text of ``trust.json``."""
    return canonical.dump(trust)


def parse(text: str) -> Trust:
    """Invert ``dump``; anything else raises ``InvalidRecord``."""
    limits.check("signature file characters", len(text), InvalidRecord)
    trust = canonical.load(Trust, text)
    limits.check("signatures", len(trust.keys), InvalidRecord)
    names = [key.name for key in trust.keys]
    if names != sorted(set(names)) or not all(map(_NAME.fullmatch, names)):
        raise InvalidRecord("keys: expected each name once, of letters and digits, sorted")
    for key in trust.keys:
        if len(key.raw) != ed25519.KEY_SIZE or base64.b64encode(key.raw).decode() != key.public:
            raise InvalidRecord(f"keys: expected a public key of Ed25519 for {key.name!r}")
        if key.application and (key.form != "ssh" or not key.application.isascii()):
            raise InvalidRecord(f"keys: expected no application of {key.name!r}")
    if len({key.keyid for key in trust.keys}) != len(trust.keys):
        raise InvalidRecord("keys: expected each key once")
    if not 1 <= trust.threshold <= len(trust.keys):
        what = f"threshold: expected 1 to {len(trust.keys)}, got {trust.threshold}"
        raise InvalidRecord(what)
    if trust.version < 1:
        raise InvalidRecord("version: expected 1 or more, got 0")
    return trust


def find_signers(trust: Trust, signed: Envelope) -> tuple[str, ...]:
    """Return the names of the trusted keys whose signatures are good, sorted."""
    key_by_id = {key.keyid: key for key in trust.keys}
    message = signed.signed_bytes
    return tuple(
        sorted(
            key.name
            for signature in signed.signatures
            for key in [key_by_id.get(signature.keyid)]
            if key is not None and _is_signed(message, signature.data, key)
        )
    )


def check_signed(trust: Trust, signed: Envelope, *, name: str, sha256: str) -> tuple[str, ...]:
    """
    Return the names of the signers of the file ``name``.

    Raises ``InvalidRecord`` unless ``signed`` is about the file of that digest, and as many trusted
    keys as the threshold says have signed it.
    """
    envelope.check_subject(signed, name, sha256)
    signers = find_signers(trust, signed)
    if len(signers) < trust.threshold:
        got = f"{len(signers)} ({', '.join(signers)})" if signers else "none"
        known = {key.keyid for key in trust.keys}
        others = sum(signature.keyid not in known for signature in signed.signatures)
        rest = f"; {others} by keys that are not in it" if others else ""
        what = f"expected signatures by {trust.threshold} keys of the trust file"
        raise InvalidRecord(f"{what}, got {got}{rest}")
    return signers


def check_successor(old: Trust, new: Trust, signed: Envelope, *, sha256: str) -> None:
    """Raise ``InvalidRecord`` unless ``new``, of that digest, may take the place of ``old``."""
    if new.version != old.version + 1:
        raise InvalidRecord(f"version: expected {old.version + 1}, got {new.version}")
    check_signed(old, signed, name=FILENAME, sha256=sha256)


def _is_signed(message: bytes, signature: bytes, key: TrustedKey) -> bool:
    if key.form == "ssh":
        ssh_key = SshKey(raw=key.raw, application=key.application)
        return sshsig.is_signed(message, signature, key=ssh_key)
    return ed25519.is_signed(message, signature, key=key.raw)
