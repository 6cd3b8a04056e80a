"""Compare ``tool-requirements.txt`` with the manifest and its tool, without an index."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.errors import Drift, Problem
from matrix.manifest.model import Manifest
from matrix.pipelines.installation import REQUIREMENTS, require_tool
from matrix.plan.job_classes import assign_job_classes
from matrix.targets.target import Target
from matrix.toolchain import hosts, tool_source
from matrix.toolchain.tool_requirements import (
    InvalidToolRequirements,
    ToolRequirements,
    find_differences,
    parse_requirements,
)

HINT: Final = "wheelyard tool --lock"


def list_tool_hosts(manifest: Manifest) -> tuple[Target, ...]:
    """Return the interpreters that the runners of ``manifest`` may have, sorted."""
    return hosts.list_hosts(set(assign_job_classes(manifest).values()))


def read_tool_file(root: Path) -> ToolRequirements:
    """Read the file of the repository ``root``; raise ``Drift`` if there is none of ours."""
    path = root / REQUIREMENTS
    if not path.is_file():
        raise Drift(Problem(place=REQUIREMENTS, what="not found", hint=HINT))
    with files.reading(path) as stream:
        text = stream.read().decode("utf-8", errors="replace")
    try:
        return parse_requirements(text)
    except InvalidToolRequirements as error:
        raise Drift(Problem(place=REQUIREMENTS, what=str(error), hint=HINT)) from error


def read_present_tool(manifest: Manifest, *, root: Path) -> ToolRequirements | None:
    """Read the file of the repository ``root`` if the manifest has a tool and there is a file."""
    if manifest.tool is None or not (root / REQUIREMENTS).is_file():
        return None
    return read_tool_file(root)


def find_problems(manifest: Manifest, *, root: Path) -> Iterator[Problem]:
    """Yield how the file of the repository ``root`` differs from what ``manifest`` needs."""
    tool = require_tool(manifest)
    identity = tool_source.read_identity(tool, root=root, source=manifest.source)
    try:
        requirements = read_tool_file(root)
    except Drift as error:
        yield from error.problems
        return
    identifiers = [host.identifier for host in list_tool_hosts(manifest)]
    differences: Sequence[str] = find_differences(requirements, identity, identifiers)
    for number, what in enumerate(differences, start=1):
        hint = HINT if number == len(differences) else ""
        yield Problem(place=REQUIREMENTS, what=what, hint=hint)
