"""
``SHA256SUMS`` and the requirements file of each target: digests for machines with other tools.

``sha256sum -c SHA256SUMS`` and ``pip install --require-hashes -r requirements.txt`` read them.
"""

from __future__ import annotations

from collections.abc import Iterable

from matrix.record import layout
from matrix.record.schema import Record, RecordedWheel


def render_checksums(record: Record) -> str:
    """The text of ``SHA256SUMS``: wheels, pages, environments, requirements and notes."""
    sha256_by_path = {layout.locate_wheel(wheel.filename): wheel.sha256 for wheel in record.wheels}
    for file in record.files:
        if not _is_derived(file.path):
            sha256_by_path[file.path] = file.sha256
    return "".join(f"{sha256_by_path[path]}  {path}\n" for path in sorted(sha256_by_path))


def _is_derived(path: str) -> bool:
    # Core metadata repeat what is inside the wheels, and proofs can be computed again.
    return path == layout.CHECKSUMS or path.startswith("proof/") or path.endswith(".metadata")


def render_requirements(wheels: Iterable[RecordedWheel]) -> str:
    """The text of a ``requirements.txt`` that pins all ``wheels``."""
    lines = (f"{w.project}=={w.version} --hash=sha256:{w.sha256}\n" for w in wheels)
    return "".join(sorted(lines))
