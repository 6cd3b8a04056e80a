"""``targets``: those of the manifest, or those that interpreters of this machine are."""

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.edge import programs
from matrix.errors import Problem, UsageError
from matrix.report import targets as report
from matrix.targets import probe
from matrix.targets.invalid import InvalidTarget
from matrix.targets.target import Target

_SECONDS: Final = 60.0


DESCRIPTION: Final = (
    "List the manifest's targets with the build identifier, cibuildwheel, runner and "
    "image of each. --probe describes interpreters as targets, and --probe-script does "
    "so on machines without this program."
)
EXAMPLES: Final = (
    "wheelyard targets",
    "wheelyard targets --probe --python python3.9 python3.12",
    "wheelyard targets --probe-script | ssh HOST python3 -",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    probe: bool = False
    probe_script: bool = False
    python: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--probe", action="store_true", help="print the lines of the manifest for this machine"
    )
    what.add_argument(
        "--probe-script",
        action="store_true",
        help="print the script that describes an interpreter",
    )
    parser.add_argument(
        "--python",
        nargs="+",
        default=[],
        metavar="PATH",
        help="with --probe: these interpreters; default: the running one",
    )


def run(session: Session, arguments: Arguments) -> None:
    """List the manifest's targets, or print the lines that describe interpreters as targets."""
    is_json = arguments.common.json
    if arguments.probe_script:
        session.printer.show_program(probe.read_script())
    elif arguments.probe or arguments.python:
        programs = arguments.python or (sys.executable,)
        target_by_program = _probe_all(programs, session.environment)
        session.show(
            format_json(report.probe_rows(target_by_program))
            if is_json
            else report.manifest_lines(target_by_program.values())
        )
    else:
        rows = report.rows(session.manifest)
        session.show(format_json(rows) if is_json else report.text(rows))


def _probe_all(programs: Sequence[str], environment: Mapping[str, str]) -> dict[str, Target]:
    """Return the target that each program is; report every problem at once."""
    target_by_program: dict[str, Target] = {}
    program_by_id: dict[str, str] = {}
    problems = []
    for program in programs:
        try:
            target = _probe(program, environment)
        except InvalidTarget as error:
            problems.append(Problem(place=program, what=str(error), hint=error.hint))
            continue
        other = program_by_id.setdefault(target.id, program)
        target_by_program[program] = target
        if target != (rival := target_by_program[other]):
            what = f"expected one version of {target.id}, got {rival.python} of {other} too"
            problems.append(Problem(place=program, what=what, hint=f"leave out {other}"))
    if problems:
        raise UsageError(*problems)
    return target_by_program


def _probe(program: str, environment: Mapping[str, str]) -> Target:
    # Without what the user's site adds: it may print, and the answer is what is printed.
    command = [program, "-E", "-s", "-c", probe.read_script(), "--json"]
    try:
        return probe.parse_answer(
            programs.run(command, environment=environment, timeout=_SECONDS).output
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidTarget(f"expected a Python, got: {reason}") from error
