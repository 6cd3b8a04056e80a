"""
The tool in a toolchain: every wheel of ``tool-requirements.txt`` in one directory.

A page lists the wheels, so that pip finds them behind any web server too.
"""

import dataclasses
import html
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.edge import files
from matrix.errors import MatrixError, NotEquipped, Problem
from matrix.pipelines.installation import LINKS, REQUIREMENTS, WHEELHOUSE
from matrix.toolchain import placement
from matrix.toolchain.directory import EarlierRun
from matrix.toolchain.document import Content, Toolchain
from matrix.toolchain.tool_requirements import Pin, ToolRequirements

if TYPE_CHECKING:
    from matrix.index.client import Index
    from matrix.index.page import PublishedFile

_AGAIN: Final = "run wheelyard toolchain --out DIR where the index can be reached"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CarriedTool:
    """The tool of a repository, whose directory has the wheels that the requirements name."""

    requirements: ToolRequirements
    repository: Path


def fetch_tool(
    tool: CarriedTool, earlier: EarlierRun, *, root: Path, index: "Index"
) -> tuple[Content, ...]:
    """Place the wheels of ``tool`` in the toolchain ``root``, with a page that lists them."""
    contents: list[Content] = []
    for pin in tool.requirements.pins:
        if pin.is_path:
            contents.append(_copy_wheel(tool.repository / pin.requirement, pin, root))
        else:
            contents += (
                _fetch_wheel(file, earlier, root=root, index=index)
                for file in _find_files(pin, index)
            )
    unique = {content.path: content for content in contents}
    page = root / WHEELHOUSE / LINKS
    files.write(page, _render_page(list(unique.values())))
    return (*unique.values(), *placement.list_contents(page, root=root, source=LINKS))


def find_tool_gaps(
    root: Path, toolchain: Toolchain, requirements: ToolRequirements | None
) -> Iterator[Problem]:
    """Yield a problem if the toolchain in ``root`` has no wheels, or others, of the tool."""
    if requirements is None or toolchain.tool == requirements.content:
        return
    what = f"has no wheels of {REQUIREMENTS}"
    if toolchain.tool:
        what = f"has the wheels of another {REQUIREMENTS}"
    yield Problem(place=str(root), what=what, hint=_AGAIN)


def _find_files(pin: Pin, index: "Index") -> Iterator["PublishedFile"]:
    requirement = Requirement(pin.requirement)
    project = canonicalize_name(requirement.name)
    page = index.fetch_page(project)
    version = Version(next(iter(requirement.specifier)).version)
    published = page.releases.get(version, ()) if page else ()
    file_by_sha256 = {file.sha256: file for file in published}
    for sha256 in pin.sha256s:
        if sha256 not in file_by_sha256:
            what = f"{pin.requirement}: the index has no file with sha256 {sha256}"
            raise NotEquipped(Problem(place=REQUIREMENTS, what=what, hint="wheelyard tool --lock"))
        yield file_by_sha256[sha256]


def _fetch_wheel(
    file: "PublishedFile", earlier: EarlierRun, *, root: Path, index: "Index"
) -> Content:
    path = f"{WHEELHOUSE}/{file.filename}"
    present = earlier.find_intact(file.filename, path, root=root)
    if present and present[0].sha256 == file.sha256:
        return present[0]
    files.copy(index.fetch_file(file), root / path, sha256=file.sha256)
    size = (root / path).stat().st_size
    return Content(path=path, sha256=file.sha256, size=size, source=file.filename)


def _copy_wheel(wheel: Path, pin: Pin, root: Path) -> Content:
    name = PurePosixPath(pin.requirement).name
    (sha256,) = pin.sha256s
    if not wheel.is_file():
        raise MatrixError(Problem(place=pin.requirement, what="not found"))
    path = f"{WHEELHOUSE}/{name}"
    files.copy(wheel, root / path, sha256=sha256)
    return Content(path=path, sha256=sha256, size=wheel.stat().st_size, source=name)


def _render_page(contents: list[Content]) -> str:
    lines = (
        f'<a href="{html.escape(name)}#sha256={content.sha256}">{html.escape(name)}</a><br>\n'
        for content in sorted(contents)
        for name in [PurePosixPath(content.path).name]
    )
    return f"<!DOCTYPE html>\n<title>{WHEELHOUSE}</title>\n{''.join(lines)}"
