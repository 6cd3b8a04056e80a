"""
The Simple API as static pages: PEP 503 and 691, with the fields of 592, 658, 700 and 714.

Links are relative, so the tree works from a directory, a web server or a USB stick. HTML never
links to JSON: a mirror that follows links would take it for a distribution. Files go by version,
then filename, and never by time.
"""

import html
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from packaging.version import Version

from matrix.record import canonical
from matrix.record.schema import RecordedWheel

API_VERSION: Final = "1.1"


def render_pages(wheels: Iterable[RecordedWheel], *, files_prefix: str) -> dict[str, str]:
    """
    The text of every page, by its path below ``simple/``.

    ``files_prefix`` leads from a project's page to the directory that holds ``files/``, and ends
    with a slash.
    """
    wheels_by_project: dict[str, list[RecordedWheel]] = {}
    for wheel in wheels:
        wheels_by_project.setdefault(wheel.project, []).append(wheel)
    texts = {
        "index.html": _render_root_html(wheels_by_project),
        "index.json": _render_root_json(wheels_by_project),
    }
    for project in sorted(wheels_by_project):
        ordered = sorted(wheels_by_project[project], key=lambda w: (Version(w.version), w.filename))
        texts[f"{project}/index.html"] = _render_project_html(project, ordered, files_prefix)
        texts[f"{project}/index.json"] = _render_project_json(project, ordered, files_prefix)
    return texts


def _render_root_html(projects: Iterable[str]) -> str:
    links = [_render_link(quote(project) + "/", project, {}) for project in sorted(projects)]
    return _render_document("Simple index", links)


def _render_root_json(projects: Iterable[str]) -> str:
    entries = [{"name": project} for project in sorted(projects)]
    return canonical.dumps({"meta": {"api-version": API_VERSION}, "projects": entries})


def _render_project_html(project: str, wheels: Iterable[RecordedWheel], prefix: str) -> str:
    links = []
    for wheel in wheels:
        attributes = {}
        if wheel.requires_python:
            attributes["data-requires-python"] = wheel.requires_python
        # Only the name of PEP 714: pip 22.3 to 23.0 reads PEP 658's data-dist-info-metadata, and
        # then refuses every wheel whose METADATA spells its name in another way than the page.
        attributes["data-core-metadata"] = f"sha256={wheel.metadata_sha256}"
        address = f"{_render_address(wheel, prefix)}#sha256={wheel.sha256}"
        links.append(_render_link(address, wheel.filename, attributes))
    return _render_document(f"Links for {project}", links)


def _render_project_json(project: str, wheels: Iterable[RecordedWheel], prefix: str) -> str:
    ordered = list(wheels)
    versions = sorted({wheel.version for wheel in ordered}, key=Version)
    return canonical.dumps(
        {
            "meta": {"api-version": API_VERSION},
            "name": project,
            "versions": versions,
            "files": [_describe_file(wheel, prefix) for wheel in ordered],
        }
    )


def _describe_file(wheel: RecordedWheel, prefix: str) -> dict[str, Any]:
    file: dict[str, Any] = {
        "filename": wheel.filename,
        "url": _render_address(wheel, prefix),
        "hashes": {"sha256": wheel.sha256},
        "size": wheel.size,
        "core-metadata": {"sha256": wheel.metadata_sha256},
    }
    if wheel.requires_python:
        file["requires-python"] = wheel.requires_python
    return file


def _render_address(wheel: RecordedWheel, prefix: str) -> str:
    # A local version's "+" must be quoted: some servers decode it as a space.
    return f"{prefix}files/{quote(wheel.filename)}"


def _render_link(address: str, text: str, attributes: Mapping[str, str]) -> str:
    pairs = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
    return f'<a href="{html.escape(address)}"{pairs}>{html.escape(text)}</a><br>'


def _render_document(title: str, links: Iterable[str]) -> str:
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta name="pypi:repository-version" content="{API_VERSION}">',
        f"<title>{html.escape(title)}</title>",
        "</head>",
        "<body>",
        *links,
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"
