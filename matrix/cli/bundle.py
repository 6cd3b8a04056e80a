"""``bundle``: collect, fetch, prove and seal."""

import argparse
import dataclasses
import functools
import json
from pathlib import Path
from typing import Final

from matrix.bundle import fetching, job_artifacts, packing, program, sealing
from matrix.bundle.collecting import Collected
from matrix.cli.arguments import (
    Common,
    Identity,
    Packing,
    PlanSource,
    add_allow_missing,
    add_identity,
    add_packing,
    add_plan_source,
)
from matrix.cli.collect import collect_wheels, list_owed, read_allowances
from matrix.cli.identity import make_identity
from matrix.cli.report import read_base
from matrix.cli.session import Session, read_text
from matrix.edge import files
from matrix.errors import Problem, UsageError
from matrix.plan.model import Plan
from matrix.record import layout, parts, schema
from matrix.report.bundle_texts import describe_bundle

DESCRIPTION: Final = (
    "Collect the built wheels, fetch the published ones, prove that every requirement "
    "installs on every target, and seal it all into a directory."
)
EXAMPLES: Final = (
    "wheelyard bundle --wheels wheels",
    "wheelyard bundle --wheels wheels --version 7 --pack 2GB",
)
OUT: Final = Path("release")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    source: PlanSource
    identity: Identity
    packing: Packing
    wheels: Path | None = None
    out: Path = OUT
    tag: str = ""
    untested: str = ""
    outputs: Path | None = None
    allow_missing: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wheels",
        type=Path,
        metavar="DIR",
        help="the built wheels; needed where the plan builds any",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT,
        metavar="DIR",
        help="where the bundle is written; default: %(default)s",
    )
    parser.add_argument(
        "--tag", default="", metavar="TAG", help="take the version from this tag of a release"
    )
    parser.add_argument(
        "--untested",
        default="",
        metavar="REASON",
        help="record why the default branch has no successful run of this release's commit",
    )
    parser.add_argument(
        "--outputs", type=Path, metavar="FILE", help="append digests as outputs of the job"
    )
    add_packing(parser)
    add_identity(parser)
    add_allow_missing(parser)
    add_plan_source(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Collect, fetch, prove and seal."""
    plan = session.plan(arguments.source)
    allowed = read_allowances(session, arguments.allow_missing, plan)
    if arguments.wheels is None and list_owed(plan) - allowed.keys():
        what = "expected --wheels DIR, because the plan builds wheels, got none"
        hint = "wheelyard build --local, then wheelyard bundle --wheels wheels"
        raise UsageError(Problem(place="bundle", what=what, hint=hint))
    collected = collect_wheels(session, plan, arguments.wheels, reason_by_pair=allowed)
    identity = make_identity(
        session,
        plan,
        arguments.identity,
        out=arguments.out,
        tag=arguments.tag,
        previous=arguments.source.previous,
        untested=arguments.untested,
    )
    directory = seal(
        session,
        plan,
        collected,
        identity,
        out=arguments.out,
        previous=arguments.source.previous,
        fetched=arguments.wheels / job_artifacts.REUSED if arguments.wheels else None,
    )
    packed = pack(session, directory, arguments.packing)
    digest = files.digest(directory / schema.FILENAME)
    if arguments.outputs is not None:
        files.append(arguments.outputs, _render_outputs(digest, packed))
    if arguments.common.json:
        session.show(json.dumps({"bundle": str(directory), "sha256": digest}))
    else:
        session.show(f"{directory}\nsha256 of {schema.FILENAME}: {digest}")


def pack(session: Session, directory: Path, options: Packing) -> tuple[Path, ...]:
    """Write the parts of a bundle, if they are wanted, and return the files."""
    if options.pack is None:
        return ()
    return packing.pack(directory, options.parts, size=options.pack, reporter=session.reporter)


def _render_outputs(digest: str, packed: tuple[Path, ...]) -> str:
    """
    Outputs of a job: the sha256 of the record, and of each packed file as ``sha256sum`` reads it.

    The job that publishes compares by the second, for it installs nothing that could read a bundle.
    """
    listings = [parts.parse(read_text(p)) for p in packed if p.name == parts.FILENAME]
    # Packing has read every part once; a second time would be minutes of a large bundle.
    sha256_by_name = {
        file.filename: file.sha256
        for listing in listings
        for file in (*listing.parts, *listing.files)
    }
    sums = "".join(
        f"{sha256_by_name.get(path.name) or files.digest(path)}  {path.name}\n" for path in packed
    )
    return f"sha256={digest}\n" + (f"sums<<END\n{sums}END\n" if sums else "")


def seal(
    session: Session,
    plan: Plan,
    collected: Collected,
    identity: sealing.Identity,
    *,
    out: Path,
    previous: Path | None,
    fetched: Path | None = None,
) -> Path:
    """Fetch the wheels that exist already, and seal all of them into a directory."""
    existing = [
        *fetching.fetch_published(plan, session.index, session.reporter),
        *fetching.find_reused(plan, previous, fetched=fetched),
    ]
    return sealing.seal(
        plan,
        collected,
        existing,
        identity=identity,
        describe=functools.partial(
            describe_bundle, plan, collected.allowed_missing, read_base(previous)
        ),
        program=_build_program(session),
        out=out,
        reporter=session.reporter,
    )


def _build_program(session: Session) -> bytes | None:
    try:
        return program.build_program()
    except program.Unavailable as error:
        what = f"the bundle is sealed without {layout.PROGRAM}: {error} [no-program]"
        session.warn(Problem(place="bundle", what=what, hint="install wheelyard again"))
        return None
