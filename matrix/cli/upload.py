"""``upload``: the parts of a bundle to the package registry of a GitLab project."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.errors import Problem, UsageError
from matrix.farside import carried

DESCRIPTION: Final = (
    "Verify a directory of parts and upload its files to the package registry of the GitLab "
    "project whose pipeline runs this. Files that are there with the same bytes stay; other "
    "bytes under a released name are refused."
)
EXAMPLES: Final = ("wheelyard upload parts --tag bundle-2026.11.1",)
SUMS: Final = Path("SHA256SUMS")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    parts: Path
    tag: str
    sums: Path = SUMS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", type=Path, metavar="DIR", help="what `bundle --pack` has written")
    parser.add_argument("--tag", required=True, metavar="TAG", help="the tag of the release")
    parser.add_argument(
        "--sums",
        type=Path,
        default=SUMS,
        metavar="FILE",
        help="where the digests are written, as sha256sum reads them; default: %(default)s",
    )


def run(session: Session, arguments: Arguments) -> None:
    """Verify the parts, and upload what the registry does not have."""
    from matrix.store import gitlab_job, release_files  # noqa: PLC0415 - see ``cli.verbs``

    if missing := gitlab_job.find_missing(session.environment):
        what = f"expected the variables of a job of GitLab, got no {', no '.join(missing)}"
        raise UsageError(Problem(place="upload", what=what))
    carried.verify_carried(
        arguments.parts, session.reporter.say, scratch=session.cache / "joined", sha256=""
    )
    registry = gitlab_job.open_registry(
        session.environment,
        ca_bundle=session.certificates,
        log=session.reporter.detail,
    )
    try:
        sums = release_files.upload_parts(
            arguments.parts,
            registry,
            name=session.manifest.bundle,
            tag=arguments.tag,
            say=session.reporter.say,
        )
    finally:
        registry.close()
    session.write(arguments.sums, sums)
    session.show(sums.rstrip("\n"))
