"""``trust``: the file that says whose signatures count."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.bundle import signing
from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.errors import Problem, UsageError
from matrix.record import trust_file
from matrix.record.canonical import InvalidRecord
from matrix.record.trust_file import Trust
from matrix.verify.signature import read_trust

DESCRIPTION: Final = (
    "Write a trust file: the public keys that may sign bundles, and how many of them must. "
    "A destination pins it at the first import. With --previous the file is the successor, "
    "which the keys before it sign."
)
EXAMPLES: Final = (
    "wheelyard trust --key release=release.pub --out trust.json",
    "wheelyard trust --key a=a.pub --key b=b.pub --threshold 2 --out trust.json",
    "wheelyard trust --previous trust.json --key new=new.pub --out trust-2.json",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    key: tuple[str, ...]
    threshold: int
    previous: Path | None
    out: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key",
        action="append",
        required=True,
        metavar="NAME=FILE",
        help="a public key: PEM, or a .pub file of OpenSSH; may be repeated",
    )
    parser.add_argument(
        "--threshold",
        type=int,
        default=1,
        metavar="NUMBER",
        help="how many keys must sign a bundle (default: %(default)s)",
    )
    parser.add_argument(
        "--previous", type=Path, metavar="FILE", help="the trust file that this one succeeds"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write")


def run(session: Session, arguments: Arguments) -> None:
    """Write a trust file."""
    keys = [_parse_key(text) for text in arguments.key]
    version = read_trust(arguments.previous).trust.version + 1 if arguments.previous else 1
    trust = Trust(
        version=version,
        threshold=max(arguments.threshold, 0),
        keys=tuple(sorted(signing.make_trusted_key(name, path) for name, path in keys)),
    )
    text = trust_file.dump(trust)
    try:
        trust_file.parse(text)
    except InvalidRecord as error:
        raise UsageError(Problem(place="trust", what=str(error))) from error
    session.write(arguments.out, text)
    for key in trust.keys:
        session.show(f"{key.name}: {key.keyid}")


def _parse_key(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not separator or not name or not path:
        what = f"expected NAME=FILE, got {text!r}"
        raise UsageError(Problem(place="--key", what=what))
    return name, Path(path)
