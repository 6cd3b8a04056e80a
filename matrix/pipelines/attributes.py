"""``.gitattributes``: generated files are folded in reviews and keep their line ends everywhere."""

from collections.abc import Iterable
from typing import Final

from matrix.manifest.model import Manifest
from matrix.pipelines import header
from matrix.pipelines.scalar import render

ATTRIBUTES: Final = ".gitattributes"


def committed(manifest: Manifest, paths: Iterable[str]) -> dict[str, str]:
    """The file that marks ``paths`` as generated."""
    fields = {**header.fields(manifest), "paths": list(paths)}
    text = render("gitattributes.j2", dialect="github", source=manifest.source, fields=fields)
    return {ATTRIBUTES: text}


def rules(text: str) -> tuple[str, ...]:
    """The lines that say something."""
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))
