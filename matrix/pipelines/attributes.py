"""``.gitattributes``: generated files are folded in reviews and keep their line ends."""

from collections.abc import Iterable
from typing import Final

from matrix.manifest.model import Manifest
from matrix.pipelines import header
from matrix.pipelines.scalar import PLAIN, render

ATTRIBUTES: Final = ".gitattributes"


def render_attributes(manifest: Manifest, paths: Iterable[str]) -> dict[str, str]:
    """The file that marks ``paths`` as generated."""
    fields = {**header.fields(manifest), "paths": list(paths)}
    text = render("gitattributes.j2", syntax=PLAIN, source=manifest.source, value_by_name=fields)
    return {ATTRIBUTES: text}


def parse_rules(text: str) -> tuple[str, ...]:
    """The lines that are neither blank nor comments."""
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))
