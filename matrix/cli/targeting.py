"""``targets``: those of the manifest, or those that interpreters of this machine are."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Final

from matrix.cli.session import Session, result
from matrix.edge.programs import run
from matrix.errors import Problem, UsageError
from matrix.report import targets as report
from matrix.targets import probe
from matrix.targets.invalid import InvalidTarget
from matrix.targets.target import Target

_SECONDS: Final = 60.0


def targets(session: Session, asked: argparse.Namespace) -> None:
    """List the manifest's targets, or print the lines that would make it some."""
    if asked.probe_script:
        result(probe.SCRIPT)
    elif asked.probe or asked.python:
        found = _probed(asked.python or [sys.executable], session.environment)
        result(
            json.dumps(report.probe_rows(found), indent=1)
            if asked.json
            else report.manifest_lines(found.values())
        )
    else:
        listed = report.rows(session.manifest)
        result(json.dumps(listed, indent=1) if asked.json else report.text(listed))


def _probed(programs: list[str], environment: Mapping[str, str]) -> dict[str, Target]:
    """The target that each program is, by the program; every problem in one go."""
    found: dict[str, Target] = {}
    first: dict[str, str] = {}
    problems = []
    for program in programs:
        try:
            target = _target(program, environment)
        except InvalidTarget as error:
            problems.append(Problem(place=program, what=str(error), hint=error.hint))
            continue
        other = first.setdefault(target.id, program)
        if found.setdefault(program, target) != found[other]:
            what = f"expected one version of {target.id}, got {found[other].python} of {other} too"
            problems.append(Problem(place=program, what=what, hint=f"leave out {other}"))
    if problems:
        raise UsageError(*problems)
    return found


def _target(program: str, environment: Mapping[str, str]) -> Target:
    # Without what the user's site adds: it may print, and the answer is what is printed.
    command = [program, "-E", "-s", "-c", probe.SCRIPT, "--json"]
    try:
        return probe.read(run(command, environment=environment, timeout=_SECONDS).output)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise InvalidTarget(f"expected a Python, got: {said}") from error
