"""What the tool of a manifest is, and requires: read from a checkout, a wheel, or its text."""

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.edge import files
from matrix.errors import ManifestError, Problem
from matrix.manifest.tool import EXAMPLE, NAME, Tool
from matrix.toolchain.tool_requirements import ToolIdentity

_PROJECT: Final = "pyproject.toml"


def read_identity(tool: Tool, *, root: Path, source: str) -> ToolIdentity:
    """Return the identity of ``tool`` in the repository ``root``; ``source`` names the manifest."""
    if tool.is_checkout:
        project = _read_project(tool, root, source)
        lines = sorted(map(str, _list_checkout(project, tool, source)))
        sha256 = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return ToolIdentity(tool=str(tool), version=project["project"]["version"], sha256=sha256)
    if tool.is_wheel:
        _require_file(tool, root, source)
        sha256 = files.digest(root / str(tool))
        return ToolIdentity(tool=str(tool), version=tool.version, sha256=sha256)
    return ToolIdentity(tool=str(tool), version=tool.version, sha256="")


def read_tool_requirements(tool: Tool, *, root: Path, source: str) -> tuple[Requirement, ...]:
    """Return what must be installed with ``tool``; for a checkout also what builds it."""
    if tool.is_checkout:
        return _list_checkout(_read_project(tool, root, source), tool, source)
    if tool.is_from_index:
        return (Requirement(str(tool)),)
    _require_file(tool, root, source)
    try:
        return wheel.read(root / str(tool)).metadata.requires_dist
    except InvalidWheel as error:
        raise _problem(tool, source, str(error)) from error


def _require_file(tool: Tool, root: Path, source: str) -> None:
    if not (root / str(tool)).is_file():
        raise _problem(tool, source, f"{tool} not found", hint=f"add {tool} to the repository")


def _read_project(tool: Tool, root: Path, source: str) -> Mapping[str, Any]:
    """Return pyproject.toml as far as it is used here, with types checked."""
    absent = f"'.' needs a checkout of {NAME}, and this repository is none"
    try:
        loaded = tomllib.loads((root / _PROJECT).read_text(encoding="utf-8"))
        name, version = loaded["project"]["name"], loaded["project"]["version"]
        is_ours = canonicalize_name(name) == NAME and isinstance(version, str)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _problem(tool, source, absent, hint=EXAMPLE) from error
    if not is_ours:
        raise _problem(tool, source, absent, hint=EXAMPLE)
    return loaded


def _list_checkout(project: Mapping[str, Any], tool: Tool, source: str) -> tuple[Requirement, ...]:
    try:
        lines = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
        return tuple(map(Requirement, lines))
    except (KeyError, TypeError, InvalidRequirement) as error:
        what = f"{_PROJECT}: expected lists of requirements, got {error}"
        raise _problem(tool, source, what) from error


def _problem(tool: Tool, source: str, what: str, *, hint: str = "") -> ManifestError:
    return ManifestError(Problem(place=source, line=tool.line, what=f"tool: {what}", hint=hint))
