"""Where a bundle keeps what: every path below its directory, from the record alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from matrix.record.schema import Record, RecordedWheel

NOTES: Final = "NOTES.md"
PAGE: Final = "report/index.html"
"""The page to look at; like the notes, the record does not give its text."""
SBOM: Final = "sbom/bundle.cdx.json"
"""The bill of materials, as CycloneDX."""
CHECKSUMS: Final = "SHA256SUMS"
PROGRAM: Final = "tools/wheelyard.pyz"
"""The program of the far side."""
OPTIONAL: Final = frozenset({PROGRAM})
"""Files that a bundle may have; their digests alone are checked."""


def locate_wheel(filename: str) -> str:
    """The path of a wheel."""
    return f"files/{filename}"


def locate_metadata(filename: str) -> str:
    """The path of a wheel's core metadata."""
    return f"files/{filename}.metadata"


def locate_proof(target: str) -> str:
    """The path of the proofs of ``target``."""
    return f"proof/{target}.json"


def locate_environment(target: str) -> str:
    """The path of the marker environment and tags of ``target``."""
    return f"targets/{target}/env.json"


def locate_requirements(target: str) -> str:
    """The path of the requirements file of ``target``."""
    return f"targets/{target}/requirements.txt"


def list_paths(record: Record) -> frozenset[str]:
    """Every file that the bundle must have but its wheels, the record and its signature."""
    paths = {NOTES, PAGE, SBOM, CHECKSUMS, *_list_pages("simple", record.wheels)}
    paths |= {locate_metadata(wheel.filename) for wheel in record.wheels}
    for target in record.targets:
        shown = [wheel for wheel in record.wheels if target.id in wheel.targets]
        paths.update(_list_pages(f"targets/{target.id}/simple", shown))
        paths.add(locate_environment(target.id))
        paths.add(locate_requirements(target.id))
        paths.add(locate_proof(target.id))
    return frozenset(paths)


def _list_pages(directory: str, wheels: Iterable[RecordedWheel]) -> Iterator[str]:
    for name in ("index.html", "index.json"):
        yield f"{directory}/{name}"
        yield from (f"{directory}/{wheel.project}/{name}" for wheel in wheels)
