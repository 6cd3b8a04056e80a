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


def pages(wheels: Iterable[RecordedWheel], *, files_prefix: str) -> dict[str, str]:
    """
    The text of every page, by its path below ``simple/``.

    ``files_prefix`` leads from a project's page to the directory that holds ``files/``, and ends
    with a slash.
    """
    projects: dict[str, list[RecordedWheel]] = {}
    for wheel in wheels:
        projects.setdefault(wheel.project, []).append(wheel)
    texts = {"index.html": _root_html(projects), "index.json": _root_json(projects)}
    for project in sorted(projects):
        ordered = sorted(projects[project], key=lambda w: (Version(w.version), w.filename))
        texts[f"{project}/index.html"] = _project_html(project, ordered, files_prefix)
        texts[f"{project}/index.json"] = _project_json(project, ordered, files_prefix)
    return texts


def _root_html(projects: Iterable[str]) -> str:
    links = [_link(quote(project) + "/", project, {}) for project in sorted(projects)]
    return _document("Simple index", links)


def _root_json(projects: Iterable[str]) -> str:
    listed = [{"name": project} for project in sorted(projects)]
    return canonical.dumps({"meta": {"api-version": API_VERSION}, "projects": listed})


def _project_html(project: str, wheels: Iterable[RecordedWheel], prefix: str) -> str:
    links = []
    for wheel in wheels:
        attributes = {}
        if wheel.requires_python:
            attributes["data-requires-python"] = wheel.requires_python
        # Only the name of PEP 714: pip 22.3 to 23.0 reads PEP 658's data-dist-info-metadata, and
        # then refuses every wheel whose METADATA spells its name in another way than the page.
        attributes["data-core-metadata"] = f"sha256={wheel.metadata_sha256}"
        address = f"{_address(wheel, prefix)}#sha256={wheel.sha256}"
        links.append(_link(address, wheel.filename, attributes))
    return _document(f"Links for {project}", links)


def _project_json(project: str, wheels: Iterable[RecordedWheel], prefix: str) -> str:
    listed = list(wheels)
    versions = sorted({wheel.version for wheel in listed}, key=Version)
    return canonical.dumps(
        {
            "meta": {"api-version": API_VERSION},
            "name": project,
            "versions": versions,
            "files": [_file(wheel, prefix) for wheel in listed],
        }
    )


def _file(wheel: RecordedWheel, prefix: str) -> dict[str, Any]:
    file: dict[str, Any] = {
        "filename": wheel.filename,
        "url": _address(wheel, prefix),
        "hashes": {"sha256": wheel.sha256},
        "size": wheel.size,
        "core-metadata": {"sha256": wheel.metadata_sha256},
    }
    if wheel.requires_python:
        file["requires-python"] = wheel.requires_python
    return file


def _address(wheel: RecordedWheel, prefix: str) -> str:
    # A local version's "+" must be quoted: some servers decode it as a space.
    return f"{prefix}files/{quote(wheel.filename)}"


def _link(address: str, text: str, attributes: Mapping[str, str]) -> str:
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
    return f'<a href="{html.escape(address)}"{written}>{html.escape(text)}</a><br>'


def _document(title: str, links: Iterable[str]) -> str:
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
