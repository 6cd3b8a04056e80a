"""
Signatures of a bundle or of a trust file, made beside it.

A bundle is signed after it was verified, on any machine that holds the key. A key in a file is used
through ``cryptography`` (the extra ``seal``), which computes in constant time and opens encrypted
keys; every other key, also one of an agent or of a hardware token, through ``ssh-keygen``.
"""

import base64
import dataclasses
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.edge.programs import run
from matrix.errors import NotEquipped, Problem, UsageError
from matrix.record import ed25519, envelope, sshsig
from matrix.record.canonical import InvalidRecord
from matrix.record.envelope import Envelope, Signature
from matrix.record.sshsig import InvalidSshData, SshKey
from matrix.record.trust_file import Form, TrustedKey, identify
from matrix.verify import reading

PASSWORD_VARIABLE: Final = "WHEELYARD_KEY_PASSWORD"  # noqa: S105 - the name of a variable
_SECONDS: Final = 120.0  # a person touches the token, or types a password
_PEM_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
_ARMOUR: Final = ("-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key: its public half, and a function that signs bytes with it."""

    public: SshKey
    form: Form
    sign: Callable[[bytes], bytes]


def open_key(path: Path, *, environment: Mapping[str, str]) -> Signer:
    """Open a private key of Ed25519 in PEM; an encrypted one needs the variable of its password."""
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - an extra
            Ed25519PrivateKey,
        )
    except ImportError as error:
        what = "expected the library cryptography for a key in a file, got none"
        hint = "pip install 'wheelyard[seal]', or sign with --ssh KEY"
        raise NotEquipped(Problem(place="sign", what=what, hint=hint)) from error
    with files.reading(path) as stream:
        data = stream.read()
    password = environment.get(PASSWORD_VARIABLE, "").encode() or None
    try:
        key = serialization.load_pem_private_key(data, password=password)
    except (ValueError, TypeError) as error:
        # The library's texts may quote the key.
        what = "expected a private key in PEM that opens, got another file"
        hint = f"the password of an encrypted key is read from {PASSWORD_VARIABLE}"
        raise UsageError(Problem(place=str(path), what=what, hint=hint)) from error
    if not isinstance(key, Ed25519PrivateKey):
        what = "expected a key of Ed25519, got another kind"
        hint = f"openssl genpkey -algorithm ed25519 -out {path.name}"
        raise UsageError(Problem(place=str(path), what=what, hint=hint))
    raw = key.public_key().public_bytes_raw()
    return Signer(public=SshKey(raw=raw), form="ed25519", sign=key.sign)


def open_ssh_key(path: Path, *, environment: Mapping[str, str]) -> Signer:
    """
    Sign with ``ssh-keygen``: ``path`` is a private key, or a public one whose agent has the other.
    """
    public = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    key = read_public_key(public)[0]
    return Signer(
        public=key, form="ssh", sign=lambda data: _run_ssh_keygen(path, data, environment)
    )


def _run_ssh_keygen(path: Path, data: bytes, environment: Mapping[str, str]) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        signed = Path(directory) / "signed"
        files.write(signed, data)
        command = ["ssh-keygen", "-Y", "sign", "-f", str(path), "-n", sshsig.NAMESPACE, str(signed)]
        try:
            done = run(command, environment=environment, timeout=_SECONDS)
        except FileNotFoundError as error:
            raise NotEquipped(Problem(place="sign", what="ssh-keygen is not installed")) from error
        if not done.succeeded:
            lines = tuple(done.output.splitlines()[-3:])
            what = "ssh-keygen does not sign with this key"
            raise UsageError(Problem(place=str(path), what=what, lines=lines))
        with files.reading(signed.with_name("signed.sig")) as stream:
            text = stream.read().decode("ascii")
    body = [line for line in text.split("\n") if line and line not in _ARMOUR]
    return base64.b64decode("".join(body))


def read_public_key(path: Path) -> tuple[SshKey, Form]:
    """Read a public key of Ed25519: PEM, or the line of a ``.pub`` file of OpenSSH."""
    with files.reading(path) as stream:
        text = stream.read(1 << 16).decode("utf-8", errors="replace")
    try:
        if "-----BEGIN PUBLIC KEY-----" not in text:
            return sshsig.parse_public_line(text), "ssh"
        body = text.partition("-----BEGIN PUBLIC KEY-----")[2].partition("-----END")[0]
        data = base64.b64decode("".join(body.split()), validate=True)
        if not data.startswith(_PEM_PREFIX) or len(data) != len(_PEM_PREFIX) + ed25519.KEY_SIZE:
            raise InvalidSshData("expected a public key of Ed25519, got another kind")
        return SshKey(raw=data.removeprefix(_PEM_PREFIX)), "ed25519"
    except ValueError as error:
        raise UsageError(Problem(place=str(path), what=str(error))) from error


def make_trusted_key(name: str, path: Path) -> TrustedKey:
    """Return an entry of a trust file for the public key in ``path``."""
    key, form = read_public_key(path)
    public = base64.b64encode(key.raw).decode("ascii")
    return TrustedKey(name=name, form=form, public=public, application=key.application)


def sign_file(path: Path, *, name: str, sha256: str, signer: Signer) -> Envelope:
    """
    Add the signature of ``signer`` to the envelope at ``path``, about the file ``name``.

    The signature is checked as the far side checks it before it is written.
    """
    signed = envelope.make(name, sha256)
    if os.path.lexists(path):
        data = reading.read_bytes(path, place=path.name)
        signed = reading.parse(data, envelope.parse, place=path.name)
        try:
            envelope.check_subject(signed, name, sha256)
        except InvalidRecord as error:
            hint = f"remove {path.name}"
            raise UsageError(Problem(place=str(path), what=str(error), hint=hint)) from error
    data = signer.sign(signed.signed_bytes)
    if not _is_good(signed.signed_bytes, data, signer):
        what = "the signature does not fit the public key"
        raise UsageError(Problem(place="sign", what=what))
    sig = base64.b64encode(data).decode("ascii")
    signed = signed.add(Signature(keyid=identify(signer.public.raw), sig=sig))
    files.write(path, envelope.dump(signed))
    return signed


def _is_good(message: bytes, data: bytes, signer: Signer) -> bool:
    if signer.form == "ssh":
        return sshsig.is_signed(message, data, key=signer.public)
    return ed25519.is_signed(message, data, key=signer.public.raw)
