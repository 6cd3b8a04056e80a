"""The differences between two builds of one pure wheel."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

from matrix.distributions.wheel import find_dist_info, parse_filename
from matrix.edge import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from matrix.distributions.wheel import Wheel


def compare_wheels(taken: tuple[Path, Wheel], tested: tuple[Path, Wheel]) -> Iterator[str]:
    """
    The differences that matter between two wheels: members, and ``Requires-Dist``.

    Line endings depend on the system, and the wheel's own ``.dist-info`` on the version of the
    backend.
    """
    ours, theirs = _digest_members(taken[0]), _digest_members(tested[0])
    yield from sorted(
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    )
    if set(taken[1].metadata.requires_dist) != set(tested[1].metadata.requires_dist):
        yield "Requires-Dist"


def _digest_members(path: Path) -> Mapping[str, str]:
    with files.reading(path) as stream, zipfile.ZipFile(stream) as archive:
        names = archive.namelist()
        own = find_dist_info(parse_filename(path.name), names)
        return {
            name: hashlib.sha256(archive.read(name).replace(b"\r\n", b"\n")).hexdigest()
            for name in names
            if not name.startswith(f"{own}/") and not name.endswith("/")
        }
