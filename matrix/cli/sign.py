"""``sign``: a signature beside a bundle, its parts, or a trust file."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.bundle import signing
from matrix.bundle.signing import Signer
from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.errors import Problem, UsageError
from matrix.farside import carried
from matrix.record import schema, trust_file
from matrix.verify.signature import locate_signature, read_trust

DESCRIPTION: Final = (
    "Verify a bundle, or its parts, and sign the digest of its bundle.json. The signature is "
    "bundle.dsse.json beside it; each further key adds its own. A trust file is signed in the "
    "same way, as the successor of another."
)
EXAMPLES: Final = (
    "wheelyard sign release/acme-python-2026.9.21 --key release.pem",
    "wheelyard sign parts --ssh ~/.ssh/id_ed25519",
    "wheelyard sign trust-2.json --key release.pem",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    path: Path
    key: Path | None
    ssh: Path | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="a bundle, its parts, or a trust file"
    )
    keys = parser.add_mutually_exclusive_group(required=True)
    keys.add_argument(
        "--key", type=Path, metavar="FILE", help="a private key of Ed25519 in PEM (extra `seal`)"
    )
    keys.add_argument(
        "--ssh", type=Path, metavar="KEY", help="a key that ssh-keygen signs with, or its .pub"
    )


def run(session: Session, arguments: Arguments) -> None:
    """Verify, and sign."""
    signer = _open_signer(session, arguments)
    if arguments.path.is_file():
        name, sha256 = trust_file.FILENAME, read_trust(arguments.path).sha256
        signature = locate_signature(arguments.path)
    else:
        directory = carried.find_bundle(arguments.path)
        verified = carried.verify_carried(
            directory, session.reporter.say, scratch=session.cache / "joined"
        )
        name, sha256 = schema.FILENAME, verified.report.record_sha256
        signature = directory / schema.SIGNATURE
    signed = signing.sign_file(signature, name=name, sha256=sha256, signer=signer)
    keyid = trust_file.identify(signer.public.raw)
    if arguments.common.json:
        keyids = [each.keyid for each in signed.signatures]
        session.show(format_json({"signature": str(signature), "keyid": keyid, "keyids": keyids}))
    else:
        session.show(f"{signature}\nkey {keyid}")


def _open_signer(session: Session, arguments: Arguments) -> Signer:
    if arguments.key is not None:
        return signing.open_key(arguments.key, environment=session.environment)
    if arguments.ssh is None:
        raise UsageError(Problem(place="sign", what="expected --key FILE or --ssh KEY, got none"))
    return signing.open_ssh_key(arguments.ssh, environment=session.environment)
