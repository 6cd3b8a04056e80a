"""``runner check``."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from matrix.builds.environment import scrub_environment
from matrix.builds.host import Host
from matrix.builds.lane_install import TOOLCHAIN
from matrix.cli.building import reaching
from matrix.cli.session import Session, result
from matrix.errors import MatrixError, NotEquipped, Problem
from matrix.plan.job_classes import job_classes
from matrix.toolchain import directory, integrity, needs, readiness
from matrix.toolchain.finding import Finding
from matrix.toolchain.needs import Need

# Every index has it, and no build does without it.
_PROBE = canonicalize_name("pip")


def runner(session: Session, asked: argparse.Namespace) -> None:
    """Say what is here and what is lacking; anything lacking is an error."""
    classes = set(job_classes(session.manifest).values())
    wanted = needs.find_needs(session.manifest.all_targets, classes)
    found = [*_toolchain(session, wanted), *_machine(session, wanted), _index(session)]
    lacking = [one for one in found if not one.is_ok]
    if asked.json:
        rows = [{"ok": one.is_ok, **dataclasses.asdict(one)} for one in found]
        result(json.dumps(rows, indent=1))
    else:
        result("\n".join(map(str, found)))
    if lacking:
        subjects = ", ".join(one.subject for one in lacking)
        raise NotEquipped(Problem(place="runner", what=f"lacks {subjects}"))


def _machine(session: Session, wanted: tuple[Need, ...]) -> Iterator[Finding]:
    version = sys.version_info
    environment = scrub_environment(_environment(session), network=reaching(session).network)
    asked = readiness.Runner(
        machine=Host.detect(),
        python=(version.major, version.minor, version.micro),
        environment=environment,
        cache=session.cache / "build",
        reporter=session.reporter,
    )
    return readiness.check_runner(wanted, asked)


def _environment(session: Session) -> dict[str, str]:
    try:
        return dict(session.build_environment)
    except MatrixError:
        return dict(session.environment)  # _toolchain says what is wrong with it


def _toolchain(session: Session, wanted: tuple[Need, ...]) -> Iterator[Finding]:
    place = ""
    try:
        place = session.build_environment.get(TOOLCHAIN, "")
        if not place:
            return
        root = session.root.absolute() / place
        here = Host.detect()
        mine = [one.service for one in wanted if not here.find_obstacle(one.job_class)]
        made = directory.read_record(root)
        integrity.refuse_damage(root, made)
        lacks = tuple(integrity.find_gaps(root, made, mine))
    except MatrixError as error:
        lacks = error.problems
    for problem in lacks:
        yield Finding(subject="toolchain", lacks=problem.what, hint=problem.hint)
    if not lacks:
        yield Finding(subject="toolchain", detail=place)


def _index(session: Session) -> Finding:
    try:
        page = session.index.page(_PROBE)
    except MatrixError as error:
        problem = error.problems[0]
        return Finding(subject=f"index {problem.place}", lacks=problem.what, hint=problem.hint)
    subject = f"index {session.index.address}"
    if page is None:
        what = f"expected an index with {_PROBE}, got one without"
        return Finding(subject=subject, lacks=what, hint="set network.index in packages.yaml")
    return Finding(subject=subject, detail="answers")
