"""``tool``: lock what jobs install to run this program, or check the lock."""

import argparse
import dataclasses
from typing import Any, Final

from matrix.cli.arguments import Common
from matrix.cli.repository import find_top
from matrix.cli.session import Session, format_json, read_text
from matrix.errors import Drift, Problem
from matrix.pipelines.header import MARKERS
from matrix.pipelines.installation import REQUIREMENTS, require_tool
from matrix.toolchain import tool_check
from matrix.toolchain.tool_requirements import ToolRequirements, dump_requirements

DESCRIPTION: Final = (
    "Compare tool-requirements.txt, which the pipelines install, with the manifest's tool and "
    "runners. With --lock, resolve the tool's requirements for CPython 3.11 to 3.14 on the systems "
    "of the runners, and write the file with the hash of every wheel."
)
EXAMPLES: Final = ("wheelyard tool", "wheelyard tool --lock")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    lock: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lock", action="store_true", help=f"resolve the tool's requirements into {REQUIREMENTS}"
    )


def run(session: Session, arguments: Arguments) -> None:
    """Write the file with ``--lock``; without, raise ``Drift`` unless it fits the manifest."""
    require_tool(session.manifest)
    if arguments.lock:
        requirements = _lock(session)
    else:
        if problems := tuple(tool_check.find_problems(session.manifest, root=find_top(session))):
            raise Drift(*problems)
        requirements = tool_check.read_tool_file(find_top(session))
    facts = _list_facts(requirements)
    session.show(format_json(facts) if arguments.common.json else _format(facts))


def _lock(session: Session) -> ToolRequirements:
    # The resolver takes longer to import than the check takes.
    from matrix.toolchain.tool_closure import lock_tool  # noqa: PLC0415

    path = find_top(session) / REQUIREMENTS
    _refuse_foreign(session)
    requirements = lock_tool(
        session.manifest,
        tool_check.list_tool_hosts(session.manifest),
        root=find_top(session),
        index=session.index,
        reporter=session.reporter,
    )
    session.write(path, dump_requirements(requirements))
    return requirements


def _refuse_foreign(session: Session) -> None:
    """Raise for a file of this name that another program wrote."""
    path = find_top(session) / REQUIREMENTS
    if not path.is_file() or read_text(path).startswith(MARKERS):
        return
    what = "was not made by wheelyard"
    hint = f"rename it, then: {tool_check.HINT}"
    raise Drift(Problem(place=REQUIREMENTS, what=what, hint=hint))


def _list_facts(requirements: ToolRequirements) -> dict[str, Any]:
    return {
        **dataclasses.asdict(requirements.identity),
        "covers": [*requirements.covers],
        "lacks": [*requirements.lacks],
    }


def _format(facts: dict[str, Any]) -> str:
    lines = [f"tool: {facts['tool']} {facts['version']}"]
    lines += [f"covers: {host}" for host in facts["covers"]]
    lines += [f"lacks wheels: {host}" for host in facts["lacks"]]
    return "\n".join(lines)
