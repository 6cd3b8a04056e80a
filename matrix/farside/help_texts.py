"""The options that both command lines have, and their help."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

PROGRAM: Final = "Verify, import and serve bundles of wheels, without network and without pip."
BUNDLE: Final = "a bundle, its parts, or a directory that holds one"
VERIFIED: Final = "a bundle, its parts, a directory that holds one, or a destination"
SHA256: Final = "the digest of bundle.json, received by another way than the bundle"
TO: Final = (
    "`static:DIR` or DIR, a directory that a web server serves; "
    "`devpi:URL/USER/INDEX`, an index of a devpi-server; `pypiserver:DIR` or "
    "`pypiserver:URL`; `twine:FAMILY:URL`, a server that takes uploads as twine sends them "
    "(artifactory, nexus, gitlab, gitea, pypicloud, pypiron, pulp); "
    "`s3:BUCKET/PREFIX`, an object store (needs boto3)"
)
ADOPT: Final = "import even if the destination has pages or records that no import accounts for"
JSON: Final = "print the result as JSON"
QUIET: Final = "print nothing on stderr but errors"
SCRATCH: Final = "where parts are joined for a while (default: %(default)s)"
ADDRESS: Final = "the index as its clients reach it, such as https://wheels.example/simple/"
LOGIN: Final = "the user of an index with a login; the password goes into .netrc alone"
CA_BUNDLE: Final = "the certificates that clients trust, a file on each of them"
ONLY: Final = "print the settings of one program alone"
SERVED: Final = "a bundle, or the directory of a static destination"
PORT: Final = "the port on 127.0.0.1; 0 takes any free one (default: %(default)s)"
TRUST: Final = "the trust file whose keys must have signed the bundle"
PIN: Final = "the trust file that the destination pins, or the signed successor of its own"
CHECK: Final = "the index as clients reach it: fail unless they see what was imported"
_DRY_RUN: Final = "show what would change, and change nothing"


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Add the destination."""
    parser.add_argument("destination", metavar="DESTINATION", help=TO)
    add_server_options(parser)


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of destinations on a server."""
    parser.add_argument(
        "--login",
        type=Path,
        metavar="FILE",
        help="a line USER:PASSWORD; default: WHEELYARD_USER and WHEELYARD_PASSWORD, or netrc",
    )
    parser.add_argument(
        "--break-lock", action="store_true", help="remove the lock that a killed import left"
    )
    parser.add_argument(
        "--ledgers",
        type=Path,
        default=Path("ledgers"),
        metavar="DIR",
        help="the ledgers of servers that can keep none (default: %(default)s)",
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=60,
        metavar="SECONDS",
        help="how long to wait until a server shows what was imported (default: %(default)s)",
    )


def add_roll_back(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``roll-back``."""
    add_destination(parser)
    parser.add_argument(
        "--name", default="", metavar="NAME", help="of the bundles; default: the newest of all"
    )
    parser.add_argument("--dry-run", action="store_true", help=_DRY_RUN)


def add_withdraw(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``withdraw``."""
    add_destination(parser)
    parser.add_argument("release", metavar="PROJECT==VERSION", help="the release, on all targets")
    parser.add_argument("--reason", default="", metavar="TEXT", help="is written into the ledger")
    parser.add_argument("--dry-run", action="store_true", help=_DRY_RUN)


def add_prune(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``prune``."""
    add_destination(parser)
    parser.add_argument(
        "--keep",
        type=parse_count,
        metavar="N",
        help="retire all but the N newest imports of each name; default: none is retired",
    )
    parser.add_argument(
        "--remove", action="store_true", help="remove what is listed; default: only list it"
    )


def parse_count(text: str) -> int:
    """A number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, got {text!r}")
    return int(text)
