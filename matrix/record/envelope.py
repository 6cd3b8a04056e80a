"""
``bundle.dsse.json``: signatures of a file's digest, as DSSE over an in-toto statement.

DSSE (Dead Simple Signing Envelope) signs the type of the payload together with its bytes, so that
a signature for one kind of document cannot be used for another; the statement names the file and
its sha256. Both are open formats, and a shell with openssl or ssh-keygen can check them.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from typing import Any, Final

from matrix.edge import limits
from matrix.record import canonical
from matrix.record.canonical import InvalidRecord

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:wheelyard:sealed:1"


@dataclasses.dataclass(frozen=True, order=True)
class Signature:
    """One signature in base64; ``keyid`` is the sha256 of the raw public key."""

    keyid: str
    sig: str

    @property
    def data(self) -> bytes:
        return _decode(self.sig, "sig")


@dataclasses.dataclass(frozen=True)
class Envelope:
    """The whole file, with the names of DSSE; signatures are sorted, one for each key."""

    payload: str
    payloadType: str  # noqa: N815 - the name in DSSE
    signatures: tuple[Signature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What each key signs: DSSE's pre-authentication encoding."""
        return encode(self.payload_bytes)

    @property
    def payload_bytes(self) -> bytes:
        return _decode(self.payload, "payload")

    def add(self, signature: Signature) -> Envelope:
        """Return the same envelope with ``signature``, in place of an older one of its key."""
        others = (each for each in self.signatures if each.keyid != signature.keyid)
        return dataclasses.replace(self, signatures=tuple(sorted((*others, signature))))


def encode(payload: bytes) -> bytes:
    """
    DSSE's pre-authentication encoding of a statement.

    >>> encode(b"{}")
    b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    head = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} "
    return head.encode("ascii") + payload


def render_statement(name: str, sha256: str) -> bytes:
    """Return the in-toto statement about the file ``name``."""
    statement: dict[str, Any] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": sha256}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {},
    }
    return canonical.dumps(statement).encode("ascii")


def make(name: str, sha256: str) -> Envelope:
    """Return an envelope about the file ``name`` that nothing has signed."""
    payload = base64.b64encode(render_statement(name, sha256)).decode("ascii")
    return Envelope(payload=payload, payloadType=PAYLOAD_TYPE, signatures=())


def dump(envelope: Envelope) -> str:
    """The text of an envelope."""
    return canonical.dump(envelope)


def parse(text: str) -> Envelope:
    """Invert ``dump``; anything else raises ``InvalidRecord``."""
    limits.check("signature file characters", len(text), InvalidRecord)
    envelope = canonical.load(Envelope, text)
    if envelope.payloadType != PAYLOAD_TYPE:
        got = f"got {envelope.payloadType[:100]!r}"
        raise InvalidRecord(f"payloadType: expected {PAYLOAD_TYPE!r}, {got}")
    limits.check("signatures", len(envelope.signatures), InvalidRecord)
    keys = [signature.keyid for signature in envelope.signatures]
    if keys != sorted(set(keys)):
        raise InvalidRecord("signatures: expected each key once, sorted")
    _ = envelope.payload_bytes, [signature.data for signature in envelope.signatures]
    return envelope


def check_subject(envelope: Envelope, name: str, sha256: str) -> None:
    """Raise ``InvalidRecord`` unless ``envelope`` is about ``name`` with the digest ``sha256``."""
    if envelope.payload_bytes != render_statement(name, sha256):
        raise InvalidRecord(f"expected a statement about {name} with sha256 {sha256}, got another")


def _decode(text: str, name: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise InvalidRecord(f"{name}: not base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise InvalidRecord(f"{name}: not base64 in its one form")
    return data
