"""``generate``."""

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.errors import Drift, Problem
from matrix.pipelines import drift, providers
from matrix.toolchain import tool_check

DESCRIPTION: Final = (
    "Write the pipelines for GitHub and GitLab, and the attributes that mark them as "
    "generated. Files that wheelyard has not written are never replaced."
)
EXAMPLES: Final = ("wheelyard generate", "wheelyard generate --check")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    check: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file would change"
    )


def run(session: Session, arguments: Arguments) -> None:
    """Write the committed pipelines, or raise ``Drift`` with the difference."""
    wanted = providers.render_committed(session.manifest)
    if arguments.check:
        _check(session, wanted)
        paths_by_change = {"unchanged": sorted(wanted)}
    else:
        applied = drift.apply(session.root, wanted)
        paths_by_change = {"written": sorted(applied.written), "removed": sorted(applied.removed)}
    if arguments.common.json:
        session.show(format_json(paths_by_change))
    else:
        lines = [f"{what} {path}" for what, paths in paths_by_change.items() for path in paths]
        session.show("\n".join(lines) or "nothing to write: the pipelines are up to date")
    if wanted and not arguments.check:
        for problem in tool_check.find_problems(session.manifest, root=session.root):
            session.reporter.say(f"warning: {problem}")


def _check(session: Session, wanted: Mapping[str, str]) -> None:
    """Raise ``Drift`` with every difference of the pipelines and of what they install."""
    problems: list[Problem] = []
    try:
        drift.check(session.root, wanted)
    except Drift as error:
        problems += error.problems
    if wanted:
        problems += tool_check.find_problems(session.manifest, root=session.root)
    if problems:
        raise Drift(*problems)
