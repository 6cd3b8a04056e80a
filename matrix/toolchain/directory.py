"""A toolchain's directory: its record, the files for people, the contents of an earlier run."""

from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.toolchain import placement, scripts, serial
from matrix.toolchain.model import RECORD, Content, Toolchain

MISSING: Final = "missing.json"
FETCH: Final = "fetch.sh"
IMAGES: Final = "images.txt"
MIRROR: Final = "mirror.sh"


def read_record(root: Path) -> Toolchain:
    """Read the record of the toolchain in ``root``."""
    with files.reading(root / RECORD) as stream:
        text = stream.read().decode("utf-8", errors="replace")
    return serial.parse_record(text, source=str(root / RECORD))


def write_record(toolchain: Toolchain, *, root: Path) -> None:
    """Write the record, and the lists and scripts for people."""
    files.write(root / MISSING, serial.dump_missing(toolchain.missing))
    files.write(root / FETCH, scripts.fetch_script(toolchain.missing))
    files.write(root / IMAGES, scripts.image_list(toolchain.images))
    files.write(root / MIRROR, scripts.mirror_script(toolchain.images))
    files.write(root / RECORD, serial.dump_record(toolchain))


class EarlierRun:
    """The contents that an earlier run placed in the same directory."""

    def __init__(self, toolchain: Toolchain | None) -> None:
        self._toolchain = toolchain

    @classmethod
    def read(cls, root: Path) -> "EarlierRun":
        return cls(read_record(root) if (root / RECORD).exists() else None)

    def find_intact(self, source: str, into: str, *, root: Path) -> tuple[Content, ...]:
        """Return the contents from ``source`` below ``into`` if all are unchanged, else nothing."""
        recorded = tuple(
            content
            for content in (self._toolchain.contents if self._toolchain else ())
            if content.source == source
            and (content.path == into or content.path.startswith(f"{into}/"))
        )
        if not recorded:
            return ()
        present = tuple(placement.list_contents(root / into, root=root, source=source))
        return recorded if present == recorded else ()

    def remove_unused(self, new: Toolchain, *, root: Path) -> None:
        """Remove files of the earlier run that ``new`` does not list."""
        used = {content.path for content in new.contents}
        for content in self._toolchain.contents if self._toolchain else ():
            if content.path not in used:
                (root / content.path).unlink(missing_ok=True)
