"""
The page to look at, as one HTML file that needs no server and fetches nothing.

Every text passes the template engine's escaping for HTML, and the data that the script reads is
JSON in which ``<``, ``>`` and ``&`` are escaped; the script writes text nodes only. The page's own
Content-Security-Policy allows its style and its script by their digests, and nothing else.
"""

import base64
import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from matrix.pipelines.scalar import DELIMITERS, read_template
from matrix.report.comparing import find_direction
from matrix.report.page_facts import KINDS, Kind, PageCell, PageFacts, PageProject

FILENAME: Final = "index.html"
_CLASSES: Final[Mapping[Kind, str]] = {
    "published": "p",
    "reused": "r",
    "built": "b",
    "to build": "t",
    "missing": "m",
    "excluded": "x",
    "impossible": "i",
}


def render_page(facts: PageFacts, *, installs: bool) -> str:
    """
    The page; with ``installs`` it shows the ``pip install`` line of each target.

    The script finds ``targets/`` beside the page, or one level up from a directory ``report``.
    """
    style, script = read_template("report/page.css"), read_template("report/page.js")
    return _read_page().render(
        facts=facts,
        kinds=KINDS,
        classes=_CLASSES,
        rows={project.name: _list_row(project, facts) for project in facts.projects},
        changes=[(change, find_direction(change)) for change in facts.changes],
        style=style,
        style_digest=_digest(style),
        script=script,
        script_digest=_digest(script),
        data=_dump_data(facts, installs=installs),
    )


@functools.cache
def _read_page() -> Template:
    environment = Environment(
        loader=FunctionLoader(read_template),
        autoescape=True,
        undefined=StrictUndefined,
        **DELIMITERS,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report/page.html.j2")


def _list_row(project: PageProject, facts: PageFacts) -> list[PageCell | None]:
    cell_by_target = {cell.target: cell for cell in project.cells}
    return [cell_by_target.get(target.id) for target in facts.targets]


def _dump_data(facts: PageFacts, *, installs: bool) -> str:
    """ASCII JSON without what could end the element around it."""
    place_by_target = {target.id: place for place, target in enumerate(facts.targets)}
    data = {
        "installs": installs,
        "kinds": KINDS,
        "targets": [[target.id, target.label] for target in facts.targets],
        "projects": {
            project.name: _list_fields(project, place_by_target) for project in facts.projects
        },
    }
    text = json.dumps(data, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _list_fields(project: PageProject, place_by_target: Mapping[str, int]) -> dict[str, Any]:
    return {
        "cells": [
            [place_by_target[cell.target], cell.kind, cell.versions, cell.reason]
            for cell in project.cells
        ],
        "wheels": [
            [w.filename, w.sha256, w.size, w.origin, [place_by_target[t] for t in w.targets]]
            for w in project.wheels
        ],
        "wanted": project.wanted,
        "requires": project.requires,
        "required_by": project.required_by,
        "licences": project.licences,
        "advisories": project.advisories,
    }


def _digest(text: str) -> str:
    """The digest as Content-Security-Policy writes it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
