"""``toolchain``: make it, take in what was fetched elsewhere, check it on the runner."""

import argparse
import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matrix.cli.arguments import Common
from matrix.cli.repository import find_top
from matrix.cli.session import Session, format_json, read_text
from matrix.errors import Drift, NotEquipped, Problem, UsageError
from matrix.index.settings import choose_settings
from matrix.index.transport import Transport
from matrix.plan import planfile
from matrix.plan.job_classes import assign_job_classes
from matrix.plan.model import JobClass
from matrix.targets.target import Target
from matrix.toolchain import additions, assembly, integrity, needs, tool_check
from matrix.toolchain.document import Toolchain
from matrix.toolchain.needs import Need
from matrix.toolchain.tool_requirements import ToolRequirements
from matrix.toolchain.tool_wheelhouse import CarriedTool, find_tool_gaps

DESCRIPTION: Final = (
    "Fetch everything that the lanes download, for runners without internet; add files "
    "that were fetched elsewhere; or check on a runner what is damaged or missing."
)
EXAMPLES: Final = (
    "wheelyard toolchain --out toolchain",
    "wheelyard toolchain --add toolchain python-3.12.10-macos11.pkg",
    "wheelyard toolchain --check toolchain",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    out: Path = Path()
    check: Path | None = None
    add: Path | None = None
    files: tuple[Path, ...] = ()
    plan: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="write DIR, or update it"
    )
    what.add_argument(
        "--check", type=Path, metavar="DIR", help="compare DIR with its digests and the lanes"
    )
    what.add_argument(
        "--add", type=Path, metavar="DIR", help="add FILEs that were fetched elsewhere"
    )
    parser.add_argument(
        "files", type=Path, metavar="FILE", nargs="*", default=[], help="with --add"
    )
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="a plan.json; default: made from the manifest"
    )


def run(session: Session, arguments: Arguments) -> None:
    """Make, complete or check a toolchain; one that lacks a file raises ``NotEquipped``."""
    if arguments.files and arguments.add is None:
        what = "expected FILE only with --add DIR, got one without"
        raise UsageError(Problem(place="toolchain", what=what))
    wanted, classes = _find_needs(session, arguments.plan)
    if arguments.check is not None:
        root, toolchain = arguments.check, integrity.check_toolchain(arguments.check, wanted)
    elif arguments.add is not None:
        root, toolchain = arguments.add, additions.add_files(arguments.files, root=arguments.add)
    else:
        root, toolchain = arguments.out, _make(session, arguments.out, wanted, classes)
    facts = _list_facts(toolchain)
    session.show(format_json(facts) if arguments.common.json else _format(facts))
    lacks = (
        *integrity.find_gaps(root, toolchain, (need.service for need in wanted)),
        *find_tool_gaps(root, toolchain, _read_present_tool(session)),
    )
    if lacks:
        raise NotEquipped.of(lacks)


def _find_needs(session: Session, path: Path | None) -> tuple[tuple[Need, ...], Sequence[JobClass]]:
    """Return all lanes and targets of the plan, or of the manifest."""
    if path is None:
        classes = tuple(sorted(set(assign_job_classes(session.manifest).values())))
        return needs.find_needs(session.manifest.all_targets, classes), classes
    plan = planfile.parse(read_text(path), source=path.name)
    targets = (Target.parse(target.python, target.platform) for target in plan.targets)
    return needs.find_needs(targets, plan.job_classes), plan.job_classes


def _read_present_tool(session: Session) -> ToolRequirements | None:
    """Read the repository's tool requirements; a plan needs no manifest beside it."""
    if not session.manifest_path.is_file():
        return None
    return tool_check.read_present_tool(session.manifest, root=find_top(session))


def _read_tool(session: Session) -> CarriedTool | None:
    """Return the tool to carry; requirements that do not fit the manifest raise ``Drift``."""
    if session.manifest.tool is None:
        return None
    top = find_top(session)
    if problems := tuple(tool_check.find_problems(session.manifest, root=top)):
        raise Drift(*problems)
    return CarriedTool(requirements=tool_check.read_tool_file(top), repository=top)


def _make(
    session: Session,
    root: Path,
    wanted: Sequence[Need],
    classes: Sequence[JobClass],
) -> Toolchain:
    settings = choose_settings(
        session.manifest.network, session.pip_options, environment=session.environment
    )
    with contextlib.closing(Transport(settings)) as transport:
        sources = assembly.Sources(
            index=session.index,
            transport=transport,
            store=session.cache / "downloads",
            reporter=session.reporter,
        )
        toolchain = assembly.assemble(
            wanted,
            needs.list_images(classes),
            root=root,
            sources=sources,
            tool=_read_tool(session),
        )
    session.reporter.say(f"wrote {root}")
    return toolchain


def _list_facts(toolchain: Toolchain) -> dict[str, Any]:
    return {
        "services": [*map(str, toolchain.services)],
        "images": [*toolchain.images],
        "files": len(toolchain.contents),
        "bytes": sum(file.size for file in toolchain.contents),
        "missing": [file.name for file in toolchain.missing],
    }


def _format(facts: Mapping[str, Any]) -> str:
    lanes = sorted({service.partition(" ")[0] for service in facts["services"]})
    lines = [
        f"lanes: {', '.join(lanes) or 'none'}",
        f"files: {facts['files']}, {facts['bytes'] / 1e6:.1f} MB",
        *(f"image: {image}" for image in facts["images"]),
        *(f"missing: {name}" for name in facts["missing"]),
    ]
    return "\n".join(lines)
