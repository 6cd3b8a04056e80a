"""``fetch``: the parts of a release from a web server."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.bundle import downloading
from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.edge.quantities import count, megabytes

DESCRIPTION: Final = (
    "Fetch the parts of a release from the address of the directory that holds parts.json: a "
    "release of GitHub, a generic package of GitLab, or any web server. An interrupted download "
    "goes on where it ended. A token is read from WHEELYARD_FETCH_TOKEN."
)
EXAMPLES: Final = (
    "wheelyard fetch https://wheels.example/releases/acme-python-2026.9.21/",
    "wheelyard fetch https://wheels.example/releases/7/ --out parts-7",
)
TOKEN: Final = "WHEELYARD_FETCH_TOKEN"  # noqa: S105 - the name of a variable


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    address: str
    out: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="URL", help="the directory that holds parts.json")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("parts"),
        metavar="DIR",
        help="a new directory; default: %(default)s",
    )


def run(session: Session, arguments: Arguments) -> None:
    """Fetch the parts."""
    release = downloading.Release(arguments.address, token=session.environment.get(TOKEN, ""))
    listing = downloading.fetch_parts(release, arguments.out, reporter=session.reporter)
    size = sum(file.size for file in (*listing.parts, *listing.files))
    if arguments.common.json:
        facts = {"directory": str(arguments.out), "bundle": listing.label, "bytes": size}
        session.show(format_json({**facts, "sha256": listing.record_sha256}))
    else:
        parts = count(len(listing.parts), "part")
        session.show(
            f"{arguments.out}: {listing.label}, {parts}, {megabytes(size)}\n"
            f"sha256 of bundle.json: {listing.record_sha256}"
        )
