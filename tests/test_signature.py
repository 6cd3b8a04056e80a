"""Signatures: openssl and ssh-keygen make them and check them, and a threshold of keys decides."""

import base64
import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from matrix.bundle.packing import pack
from matrix.cli import main
from matrix.edge import limits
from matrix.edge.progress import Loudness, Reporter
from matrix.farside.command import main as far_main
from matrix.record import ed25519, envelope, sshsig, trust_file
from matrix.record.canonical import InvalidRecord
from matrix.record.envelope import Signature
from matrix.record.sshsig import InvalidSshData, SshKey
from matrix.record.trust_file import Trust, TrustedKey

from .bundles import sound

QUIET = Reporter.on_stderr(Loudness.QUIET)
needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
UNSIGNED = "NOT SIGNED: nothing says who made this bundle"


def make_key(directory: Path, name: str, password: str = "") -> Path:
    """A private key, and the public one beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    (directory / f"{name}.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    (directory / f"{name}.pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return directory / f"{name}.pem"


def make_ssh_key(directory: Path, name: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)]
    subprocess.run(command, check=True, capture_output=True)
    return directory / name


def call(*arguments: str | Path) -> int:
    return main([*map(str, arguments), "-q"])


def trust(out: Path, *names: str, threshold: int = 1, previous: Path | None = None) -> Path:
    keys = [f"--key={name}={out.parent / f'{name}.pub'}" for name in names]
    more = [f"--previous={previous}"] if previous else []
    assert call("trust", *keys, "--threshold", str(threshold), "--out", out, *more) == 0
    return out


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    for name in ("anna", "ci", "new"):
        make_key(tmp_path / "keys", name)
    return tmp_path / "keys"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return sound(tmp_path / "made").rename(tmp_path / "acme-2026.1")


def sign(bundle: Path, key: Path) -> None:
    assert call("sign", bundle, "--key", key) == 0


def digest(bundle: Path) -> str:
    return hashlib.sha256((bundle / "bundle.json").read_bytes()).hexdigest()


def problem(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    capsys.readouterr()
    assert call(*arguments) == 11
    return capsys.readouterr().err.rstrip("\n")


# who may sign


def test_an_unsigned_bundle_says_so(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("verify", bundle) == 0
    assert capsys.readouterr().out.endswith(f"\n  {UNSIGNED}\n")
    assert call("import", bundle, "--to", tmp_path / "served") == 0
    assert capsys.readouterr().out.endswith(f"\n  {UNSIGNED}\n")


def test_a_signature_counts_with_a_trust_file_alone(
    bundle: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sign(bundle, keys / "ci.pem")
    trusted = trust(keys / "trust.json", "ci")
    capsys.readouterr()

    assert call("verify", bundle) == 0
    unchecked = capsys.readouterr().out
    assert call("verify", bundle, "--trust", trusted) == 0

    assert unchecked.endswith(
        "\n  SIGNED, BUT NOT CHECKED: no trust file says whose signature counts (--trust)\n"
    )
    assert capsys.readouterr().out.endswith("\n  signed by ci\n")


def test_a_threshold_needs_several_keys(
    bundle: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trusted = trust(keys / "trust.json", "ci", "anna", threshold=2)
    sign(bundle, keys / "ci.pem")
    sign(bundle, keys / "new.pem")

    assert problem(capsys, "verify", bundle, "--trust", trusted) == (
        "bundle.dsse.json: expected signatures by 2 keys of the trust file, got 1 (ci); "
        "1 by keys that are not in it"
    )
    sign(bundle, keys / "ci.pem")  # again: still one
    assert call("verify", bundle, "--trust", trusted) == 11
    sign(bundle, keys / "anna.pem")
    capsys.readouterr()
    assert call("verify", bundle, "--trust", trusted, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["signature"]["signers"] == ["anna", "ci"]


def test_a_signature_of_another_bundle_is_refused(
    bundle: Path, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = sound(tmp_path / "other", sequence=2)
    sign(other, keys / "ci.pem")
    shutil.copy(other / "bundle.dsse.json", bundle)

    # Without a trust file, too: the two belong together.
    assert problem(capsys, "verify", bundle) == (
        "bundle.dsse.json: expected a statement about bundle.json with sha256 "
        f"{digest(bundle)}, got another"
    )


def test_a_changed_signature_does_not_count(
    bundle: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trusted = trust(keys / "trust.json", "ci")
    sign(bundle, keys / "ci.pem")
    signed = envelope.parse((bundle / "bundle.dsse.json").read_text())
    (signature,) = signed.signatures
    data = bytearray(signature.data)
    data[0] ^= 1
    changed = Signature(keyid=signature.keyid, sig=base64.b64encode(data).decode())
    (bundle / "bundle.dsse.json").write_text(envelope.dump(signed.add(changed)))

    assert problem(capsys, "verify", bundle, "--trust", trusted) == (
        "bundle.dsse.json: expected signatures by 1 keys of the trust file, got none"
    )


def test_a_bundle_that_does_not_verify_is_not_signed(bundle: Path, keys: Path) -> None:
    (bundle / "NOTES.md").write_text("changed")

    assert call("sign", bundle, "--key", keys / "ci.pem") == 11
    assert not (bundle / "bundle.dsse.json").exists()


# at a destination


def test_a_destination_with_a_trust_file_refuses_unsigned_bundles(
    bundle: Path, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served, trusted = tmp_path / "served", trust(keys / "trust.json", "ci")
    assert problem(capsys, "import", bundle, "--to", served, "--trust", trusted) == (
        f"bundle.dsse.json: expected signatures by 1 keys of {trusted}, got none"
    )
    assert not served.exists()

    sign(bundle, keys / "ci.pem")
    assert call("import", bundle, "--to", served, "--trust", trusted) == 0
    assert (served / "trust.json").read_bytes() == trusted.read_bytes()

    (bundle / "bundle.dsse.json").unlink()
    assert problem(capsys, "import", bundle, "--to", served) == (
        f"bundle.dsse.json: expected signatures by 1 keys of {served / 'trust.json'}, got none"
    )


def test_keys_rotate_and_a_revoked_key_no_longer_counts(
    bundle: Path, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served, first = tmp_path / "served", trust(keys / "trust.json", "anna", "ci")
    sign(bundle, keys / "ci.pem")
    assert call("import", bundle, "--to", served, "--trust", first) == 0
    later = sound(tmp_path / "later", sequence=2)
    sign(later, keys / "new.pem")

    second = trust(keys / "trust-2.json", "anna", "new", previous=first)
    signature = keys / "trust-2.dsse.json"
    assert problem(capsys, "import", later, "--to", served, "--trust", second) == (
        f"{signature}: cannot be read: No such file or directory"
    )
    sign(second, keys / "new.pem")
    assert problem(capsys, "import", later, "--to", served, "--trust", second) == (
        f"{signature}: expected signatures by 1 keys of the trust file, got none; "
        "1 by keys that are not in it"
    )
    sign(second, keys / "anna.pem")
    assert call("import", later, "--to", served, "--trust", second) == 0
    assert (served / "trust.json").read_bytes() == second.read_bytes()

    # ci was revoked; and nobody goes back to the first file.
    last = sound(tmp_path / "last", sequence=3)
    sign(last, keys / "ci.pem")
    assert problem(capsys, "import", last, "--to", served) == (
        "bundle.dsse.json: expected signatures by 1 keys of the trust file, got none; "
        "1 by keys that are not in it"
    )
    sign(first, keys / "anna.pem")
    assert problem(capsys, "import", last, "--to", served, "--trust", first) == (
        f"{keys / 'trust.dsse.json'}: version: expected 3, got 1"
    )


def test_parts_are_signed_beside_them_and_the_far_side_checks(
    bundle: Path, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trusted = trust(keys / "trust.json", "ci", "anna", threshold=2)
    sign(bundle, keys / "ci.pem")
    pack(bundle, tmp_path / "parts", size=50_000, reporter=QUIET)
    sign(tmp_path / "parts", keys / "anna.pem")
    capsys.readouterr()

    arguments = ["verify", str(tmp_path / "parts"), "--trust", str(trusted), "--quiet"]
    assert far_main([*arguments, "--scratch", str(tmp_path / "scratch")]) == 0
    assert capsys.readouterr().out.endswith("\n  signed by anna, ci\n")


# keys


def test_an_encrypted_key_needs_its_password(
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = make_key(tmp_path, "locked", password="secret")  # noqa: S106 - a test's

    assert call("sign", bundle, "--key", key) == 2
    assert capsys.readouterr().err == (
        f"{key}: expected a private key in PEM that opens, got another file\n"
        "  hint: the password of an encrypted key is read from WHEELYARD_KEY_PASSWORD\n"
    )
    monkeypatch.setenv("WHEELYARD_KEY_PASSWORD", "secret")
    assert call("sign", bundle, "--key", key) == 0


@needs_ssh
def test_ssh_keygen_signs(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = make_ssh_key(tmp_path / "keys", "anna")
    trusted = trust(tmp_path / "keys" / "trust.json", "anna")

    assert call("sign", bundle, "--ssh", key) == 0
    capsys.readouterr()
    assert call("verify", bundle, "--trust", trusted) == 0

    assert capsys.readouterr().out.endswith("\n  signed by anna\n")


@needs_ssh
def test_a_signature_of_ssh_for_another_purpose_does_not_count(tmp_path: Path) -> None:
    key = make_ssh_key(tmp_path, "anna")
    (tmp_path / "message").write_bytes(b"message")
    public = sshsig.parse_public_line((tmp_path / "anna.pub").read_text())
    signatures = {}
    for namespace in ("wheelyard", "git"):
        (tmp_path / "message.sig").unlink(missing_ok=True)
        files = ["-f", str(key), "-n", namespace, str(tmp_path / "message")]
        command = ["ssh-keygen", "-Y", "sign", *files]
        subprocess.run(command, check=True, capture_output=True)
        lines = (tmp_path / "message.sig").read_text().split("\n")[1:-2]
        signatures[namespace] = base64.b64decode("".join(lines))

    good = signatures["wheelyard"]
    assert sshsig.is_signed(b"message", good, key=public)
    assert not sshsig.is_signed(b"message", signatures["git"], key=public)
    assert not sshsig.is_signed(b"other", good, key=public)
    assert not sshsig.is_signed(b"message", good + b"x", key=public)
    for size in range(len(good)):
        assert not sshsig.is_signed(b"message", good[:size], key=public)


def test_a_token_signs_when_it_is_touched() -> None:
    # As PROTOCOL.u2f describes it; no token is here.
    seed, application = b"s" * 32, "ssh:"
    key = SshKey(raw=ed25519.derive_key(seed), application=application)

    def field(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    def sign_with(flags: bytes) -> bytes:
        blob = b"".join(map(field, (sshsig.TOKEN.encode(), key.raw, application.encode())))
        hashed = hashlib.sha512(b"message").digest()
        signed = b"SSHSIG" + b"".join(map(field, (b"wheelyard", b"", b"sha512", hashed)))
        hashes = [hashlib.sha256(data).digest() for data in (application.encode(), signed)]
        raw = ed25519.sign(hashes[0] + flags + b"\0\0\0\7" + hashes[1], seed=seed)
        inner = field(sshsig.TOKEN.encode()) + field(raw) + flags + b"\0\0\0\7"
        fields = (blob, b"wheelyard", b"", b"sha512", inner)
        return b"SSHSIG\0\0\0\1" + b"".join(map(field, fields))

    assert sshsig.is_signed(b"message", sign_with(b"\1"), key=key)
    assert not sshsig.is_signed(b"message", sign_with(b"\0"), key=key)
    assert not sshsig.is_signed(b"message", sign_with(b"\1"), key=SshKey(raw=key.raw))


def pack_key(kind: str, *fields: bytes) -> bytes:
    return b"".join(len(data).to_bytes(4, "big") + data for data in (kind.encode(), *fields))


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (pack_key("ssh-rsa", b"a" * 32), "expected a key of Ed25519, got another"),
        (pack_key(sshsig.PLAIN, b"a" * 31), "expected a key of Ed25519, got another"),
        (pack_key(sshsig.TOKEN, b"a" * 32, b"\xff"), "its application is not ASCII"),
    ],
)
def test_keys_of_other_kinds_are_refused(blob: bytes, message: str) -> None:
    with pytest.raises(InvalidSshData, match=message):
        sshsig.parse_public_key(blob)


@pytest.mark.parametrize("start", [b"SSHSIX\0\0\0\1", b"SSHSIG\0\0\0\2"])
def test_a_signature_of_another_format_does_not_count(start: bytes) -> None:
    assert not sshsig.is_signed(b"message", start, key=SshKey(raw=b"a" * 32))


@pytest.mark.parametrize("text", ["", "ssh-rsa AAAA", "ssh-ed25519 !!", "ssh-ed25519 AAAAAA=="])
def test_other_public_keys_are_refused(text: str) -> None:
    with pytest.raises(InvalidSshData):
        sshsig.parse_public_line(text)


# other programs


@needs_openssl
def test_openssl_alone_checks_a_signature(bundle: Path, keys: Path) -> None:
    sign(bundle, keys / "ci.pem")
    script = """\
set -eu
payload=$(sed -n 's/^ *"payload": "\\(.*\\)",*$/\\1/p' bundle.dsse.json)
printf %s "$payload" | openssl base64 -d -A > /tmp/$$.statement
size=$(wc -c < /tmp/$$.statement | tr -d ' ')
printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$size" > /tmp/$$.signed
cat /tmp/$$.statement >> /tmp/$$.signed
sed -n 's/^ *"sig": "\\(.*\\)".*$/\\1/p' bundle.dsse.json | openssl base64 -d -A > /tmp/$$.sig
openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in /tmp/$$.signed -sigfile /tmp/$$.sig
grep -q "$(openssl dgst -sha256 -r bundle.json | cut -c 1-64)" /tmp/$$.statement
"""

    def check() -> int:
        command = ["sh", "-c", script, "sh", str(keys / "ci.pub")]
        return subprocess.run(command, cwd=bundle, capture_output=True, check=False).returncode

    assert check() == 0
    (bundle / "bundle.json").write_text("{}")
    assert check() != 0


# the files


def statement() -> str:
    return envelope.dump(envelope.make("bundle.json", "0" * 64))


def test_an_envelope_with_one_key_twice_is_refused() -> None:
    signature = Signature(keyid="a" * 64, sig="AAAA")
    unsigned = envelope.make("bundle.json", "0" * 64)
    twice = dataclasses.replace(unsigned, signatures=(signature, signature))

    with pytest.raises(InvalidRecord, match="signatures: expected each key once, sorted"):
        envelope.parse(envelope.dump(twice))


def test_a_signature_has_one_form_in_base64() -> None:
    signature = Signature(keyid="a" * 64, sig="AB==")
    changed = dataclasses.replace(envelope.make("bundle.json", "0" * 64), signatures=(signature,))

    with pytest.raises(InvalidRecord, match="not base64 in its one form"):
        envelope.parse(envelope.dump(changed))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("in-toto+json", "json"), "payloadType: expected 'application/vnd.in-toto+json', got"),
        (('"payload": "', '"payload": "!'), "payload: not base64"),
    ],
)
def test_other_envelopes_are_refused(change: tuple[str, str], message: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        envelope.parse(statement().replace(*change))

    assert str(caught.value).startswith(message)


def key_of(name: str, raw: bytes) -> TrustedKey:
    return TrustedKey(
        name=name, form="ed25519", public=base64.b64encode(raw).decode(), application=""
    )


GOOD = Trust(version=1, threshold=1, keys=(key_of("a", b"a" * 32), key_of("b", b"b" * 32)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": 0}, "threshold: expected 1 to 2, got 0"),
        ({"threshold": 3}, "threshold: expected 1 to 2, got 3"),
        ({"version": 0}, "version: expected 1 or more, got 0"),
        ({"keys": GOOD.keys[::-1]}, "keys: expected each name once, of letters and digits, sorted"),
        (
            {"keys": (GOOD.keys[0], key_of("b", b"a" * 32))},
            "keys: expected each key once",
        ),
        ({"keys": (key_of("a", b"a"),)}, "keys: expected a public key of Ed25519 for 'a'"),
        (
            {"keys": (dataclasses.replace(GOOD.keys[0], public="!"),)},
            "keys: 'a' is not base64",
        ),
        (
            {"keys": (dataclasses.replace(GOOD.keys[0], application="ssh:"),)},
            "keys: expected no application of 'a'",
        ),
    ],
)
def test_other_trust_files_are_refused(changes: dict[str, object], message: str) -> None:
    changed = dataclasses.replace(GOOD, **changes)  # type: ignore[arg-type]

    assert trust_file.parse(trust_file.dump(GOOD)) == GOOD
    with pytest.raises(InvalidRecord) as caught:
        trust_file.parse(trust_file.dump(changed))
    assert str(caught.value) == message


def test_limits_of_signature_files(monkeypatch: pytest.MonkeyPatch) -> None:
    text = trust_file.dump(GOOD)
    for name, size in (("signatures", 2), ("signature file characters", len(text))):
        with monkeypatch.context() as patch:
            for cap in (size + 1, size):
                patch.setitem(limits.CAP_BY_NAME, name, cap)
                trust_file.parse(text)
            patch.setitem(limits.CAP_BY_NAME, name, size - 1)
            with pytest.raises(InvalidRecord) as caught:
                trust_file.parse(text)
        assert str(caught.value) == f"expected at most {size - 1} {name}, got {size}"


def test_our_verdicts_are_those_of_cryptography() -> None:
    for number in range(20):
        key = Ed25519PrivateKey.generate()
        raw, message = key.public_key().public_bytes_raw(), os.urandom(number * 7)
        signature = bytearray(key.sign(message))
        assert ed25519.is_signed(message, bytes(signature), key=raw)
        signature[number] ^= 1 << (number % 8)
        assert not ed25519.is_signed(message, bytes(signature), key=raw)
