"""
SSHSIG: what ``ssh-keygen -Y sign`` writes, for keys of Ed25519, also those of hardware tokens.

The format is OpenSSH's ``PROTOCOL.sshsig``, that of tokens its ``PROTOCOL.u2f``.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import struct
from collections.abc import Callable, Mapping
from typing import Final

from matrix.record import ed25519

NAMESPACE: Final = "wheelyard"
PLAIN: Final = "ssh-ed25519"
TOKEN: Final = "sk-ssh-ed25519@openssh.com"  # noqa: S105 - the name of a kind of keys
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_HASHES: Final[Mapping[bytes, Callable[[bytes], bytes]]] = {
    b"sha512": lambda data: hashlib.sha512(data).digest(),
    b"sha256": lambda data: hashlib.sha256(data).digest(),
}
_PRESENT: Final = 1  # a person touched the token


class InvalidSshData(ValueError):
    """Not a key or a signature of OpenSSH that can be checked here."""


@dataclasses.dataclass(frozen=True)
class SshKey:
    """A public key; ``application`` is what a token's key is bound to, else empty."""

    raw: bytes
    application: str = ""


class _Reader:
    """Fields of SSH's wire format, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._position = data, 0

    def take(self, size: int) -> bytes:
        end = self._position + size
        if end > len(self._data):
            raise InvalidSshData("it ends early")
        piece, self._position = self._data[self._position : end], end
        return piece

    def number(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def string(self) -> bytes:
        return self.take(self.number())

    def finish(self) -> None:
        if self._position != len(self._data):
            raise InvalidSshData("it is longer than its fields")


def parse_public_key(blob: bytes) -> SshKey:
    """Return the key in SSH's wire format; raises ``InvalidSshData``."""
    reader = _Reader(blob)
    kind, raw = reader.string(), reader.string()
    if kind not in {PLAIN.encode(), TOKEN.encode()} or len(raw) != ed25519.KEY_SIZE:
        raise InvalidSshData("expected a key of Ed25519, got another")
    application = reader.string() if kind == TOKEN.encode() else b""
    reader.finish()
    try:
        return SshKey(raw=raw, application=application.decode("ascii"))
    except UnicodeDecodeError as error:
        raise InvalidSshData("its application is not ASCII") from error


def parse_public_line(text: str) -> SshKey:
    """Return the key of a ``.pub`` file's line; raises ``InvalidSshData``."""
    words = text.split()
    if len(words) < 2 or words[0] not in {PLAIN, TOKEN}:  # noqa: PLR2004 - kind and key
        raise InvalidSshData("expected a public key of Ed25519, got another text")
    try:
        return parse_public_key(base64.b64decode(words[1], validate=True))
    except binascii.Error as error:
        raise InvalidSshData("not base64") from error


def is_signed(message: bytes, signature: bytes, *, key: SshKey) -> bool:
    """Whether ``signature``, an SSHSIG without armour, is that of ``message`` by ``key``."""
    try:
        return _is_signed(message, _Reader(signature), key)
    except (InvalidSshData, UnicodeDecodeError):
        return False


def _is_signed(message: bytes, reader: _Reader, key: SshKey) -> bool:
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != _VERSION:
        return False
    own, namespace, reserved = reader.string(), reader.string(), reader.string()
    hash_name, blob = reader.string(), reader.string()
    reader.finish()
    digest = _HASHES.get(hash_name)
    if parse_public_key(own) != key or namespace != NAMESPACE.encode() or digest is None:
        return False
    signed = _MAGIC + b"".join(map(_pack, (namespace, reserved, hash_name, digest(message))))
    inner = _Reader(blob)
    kind, raw = inner.string(), inner.string()
    if not key.application:
        inner.finish()
        return kind == PLAIN.encode() and ed25519.is_signed(signed, raw, key=key.raw)
    flags, counter = inner.take(1), inner.take(4)
    inner.finish()
    application = hashlib.sha256(key.application.encode()).digest()
    touched = application + flags + counter + hashlib.sha256(signed).digest()
    is_present = bool(flags[0] & _PRESENT)
    return kind == TOKEN.encode() and is_present and ed25519.is_signed(touched, raw, key=key.raw)


def _pack(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
