"""``runner check``."""

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.builds.environment import scrub_environment
from matrix.builds.host import Host
from matrix.cli.arguments import Common, add_toolchain
from matrix.cli.building import apply_pip_options
from matrix.cli.equipment import make_build_environment
from matrix.cli.repository import find_top
from matrix.cli.session import Session, format_json
from matrix.errors import MatrixError, NotEquipped, Problem
from matrix.manifest.network import TOOLCHAIN
from matrix.pipelines import run_checks
from matrix.plan.job_classes import assign_job_classes
from matrix.toolchain import directory, integrity, needs, readiness, tool_check
from matrix.toolchain.finding import Finding
from matrix.toolchain.needs import Need
from matrix.toolchain.tool_wheelhouse import find_tool_gaps

# Every index has it, and no build does without it.
_PROBE: Final = canonicalize_name("pip")


DESCRIPTION: Final = (
    "List what this machine lacks to build those of the manifest's targets that are of "
    "its own system, line by line."
)
EXAMPLES: Final = ("wheelyard runner check", "wheelyard runner check --toolchain toolchain")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    action: str
    toolchain: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["check"], help="`check` changes nothing")
    add_toolchain(parser)


def run(session: Session, arguments: Arguments) -> None:
    """List what is here and what is lacking; anything lacking is an error."""
    session.use_toolchain(arguments.toolchain)
    classes = set(assign_job_classes(session.manifest).values())
    wanted = needs.find_needs(session.manifest.all_targets, classes)
    findings = [
        *_check_toolchain(session, wanted),
        *_check_machine(session, wanted),
        _check_index(session),
    ]
    if session.run_facts is not None:
        for warning in run_checks.find_warnings(session.manifest, session.run_facts):
            session.warn(warning)
    lacking = [finding for finding in findings if not finding.is_ok]
    if arguments.common.json:
        rows = [{"ok": finding.is_ok, **dataclasses.asdict(finding)} for finding in findings]
        session.show(format_json(rows))
    else:
        session.show("\n".join(map(str, findings)))
    if lacking:
        subjects = ", ".join(finding.subject for finding in lacking)
        raise NotEquipped(Problem(place="runner", what=f"lacks {subjects}"))


def _check_machine(session: Session, wanted: tuple[Need, ...]) -> Iterator[Finding]:
    version = sys.version_info
    environment = scrub_environment(
        _make_environment(session), network=apply_pip_options(session).network
    )
    runner = readiness.Runner(
        machine=Host.detect(),
        python=(version.major, version.minor, version.micro),
        environment=environment,
        cache=session.cache / "build",
        reporter=session.reporter,
    )
    return readiness.check_runner(wanted, runner)


def _make_environment(session: Session) -> dict[str, str]:
    try:
        return dict(make_build_environment(session))
    except MatrixError:
        return dict(session.environment)  # _check_toolchain reports what is wrong with it


def _check_toolchain(session: Session, wanted: tuple[Need, ...]) -> Iterator[Finding]:
    place = ""
    try:
        place = make_build_environment(session).get(TOOLCHAIN, "")
        if not place:
            return
        root = session.root.absolute() / place
        here = Host.detect()
        services = [need.service for need in wanted if not here.find_obstacle(need.job_class)]
        toolchain = directory.read_record(root)
        integrity.refuse_damage(root, toolchain)
        requirements = tool_check.read_present_tool(session.manifest, root=find_top(session))
        lacks = (
            *integrity.find_gaps(root, toolchain, services),
            *find_tool_gaps(root, toolchain, requirements),
        )
    except MatrixError as error:
        lacks = error.problems
    for problem in lacks:
        yield Finding(
            subject="toolchain", lacks=problem.what, hint=problem.hint, lines=problem.lines
        )
    if not lacks:
        yield Finding(subject="toolchain", detail=place)


def _check_index(session: Session) -> Finding:
    try:
        page = session.index.fetch_page(_PROBE)
    except MatrixError as error:
        problem = error.problems[0]
        return Finding(subject=f"index {problem.place}", lacks=problem.what, hint=problem.hint)
    subject = f"index {session.index.address}"
    if page is None:
        what = f"expected an index with {_PROBE}, got one without"
        return Finding(subject=subject, lacks=what, hint="set network.index in packages.yaml")
    return Finding(subject=subject, detail="answers")
