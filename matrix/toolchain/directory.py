"""
A toolchain's directory: its record, what an earlier run has left in it, what people are handed.
"""

from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.toolchain import expanding, scripts, serial
from matrix.toolchain.model import RECORD, Content, Toolchain

MISSING: Final = "missing.json"
FETCH: Final = "fetch.sh"
IMAGES: Final = "images.txt"
MIRROR: Final = "mirror.sh"


def load(root: Path) -> Toolchain:
    """The record of the toolchain in ``root``."""
    with files.reading(root / RECORD) as stream:
        text = stream.read().decode("utf-8", errors="replace")
    return serial.parse(text, source=str(root / RECORD))


def write(toolchain: Toolchain, *, root: Path) -> None:
    """Write the record and what people are handed."""
    files.write(root / MISSING, serial.dump_missing(toolchain.missing))
    files.write(root / FETCH, scripts.fetch_script(toolchain.missing))
    files.write(root / IMAGES, scripts.image_list(toolchain.images))
    files.write(root / MIRROR, scripts.mirror_script(toolchain.images))
    files.write(root / RECORD, serial.dump(toolchain))


class Known:
    """What an earlier run has left in place, by the name of what it came in."""

    def __init__(self, toolchain: Toolchain | None) -> None:
        self._toolchain = toolchain

    @classmethod
    def of(cls, root: Path) -> "Known":
        return cls(load(root) if (root / RECORD).exists() else None)

    def intact(self, source: str, into: str, *, root: Path) -> tuple[Content, ...]:
        """The contents that ``source`` gave below ``into``, provided that all are as they were."""
        mine = tuple(
            one
            for one in (self._toolchain.contents if self._toolchain else ())
            if one.source == source and (one.path == into or one.path.startswith(f"{into}/"))
        )
        found = tuple(expanding.contents(root / into, root=root, source=source)) if mine else ()
        return mine if found == mine else ()

    def forget(self, new: Toolchain, *, root: Path) -> None:
        """Remove what an earlier run put there and nobody needs any more."""
        kept = {one.path for one in new.contents}
        for one in self._toolchain.contents if self._toolchain else ():
            if one.path not in kept:
                (root / one.path).unlink(missing_ok=True)
