"""A toolchain's directory: its record, the files for people, the contents of an earlier run."""

import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from matrix.configurations.script_files import read_script
from matrix.documents import rows
from matrix.edge import files
from matrix.errors import MatrixError, Problem
from matrix.toolchain import placement
from matrix.toolchain.document import RECORD, SCHEMA, Content, Toolchain
from matrix.toolchain.image_names import name_mirror

MISSING: Final = "missing.tsv"
FETCH: Final = "fetch.sh"
IMAGES: Final = "images.tsv"
_HINT: Final = "make it again: wheelyard toolchain --out DIR"


def read_record(root: Path) -> Toolchain:
    """Read the record of the toolchain in ``root``."""
    with files.reading(root / RECORD) as stream:
        text = stream.read().decode("utf-8", errors="replace")
    return parse_record(text, source=str(root / RECORD))


def parse_record(text: str, *, source: str) -> Toolchain:
    """Read the text of a record; ``source`` is how messages name it."""
    toolchain = rows.parse(
        text, Toolchain, schema=SCHEMA, source=source, error=MatrixError, hint=_HINT
    )
    for content in toolchain.contents:
        if _leads_out(content):
            what = f"{content.path!r} leads out of the toolchain"
            raise MatrixError(Problem(place=source, what=what, hint=_HINT))
    return toolchain


def _leads_out(content: Content) -> bool:
    place = posixpath.join(posixpath.dirname(content.path), content.link)
    return any(
        posixpath.isabs(path) or posixpath.normpath(path).split("/")[0] in {"..", "."}
        for path in (content.path, place)
    )


def write_record(toolchain: Toolchain, *, root: Path) -> None:
    """Write the record, and the lists and scripts for people."""
    downloads = [missing.download for missing in toolchain.missing if missing.download]
    files.write(root / MISSING, _format_rows((d.name, d.address, d.sha256) for d in downloads))
    files.write(root / IMAGES, _format_rows((i, name_mirror(i)) for i in toolchain.images))
    files.write(root / FETCH, read_script("fetch.sh", room="toolchain"))
    files.write(root / "fetch.ps1", read_script("fetch.ps1", room="toolchain"))
    files.write(root / "mirror.sh", read_script("mirror.sh", room="toolchain"))
    files.write(root / RECORD, rows.dump(toolchain, schema=SCHEMA))


def _format_rows(values: Iterable[tuple[str, ...]]) -> str:
    """Return lines of values with tabs between them, which no value contains."""
    return "".join("\t".join(" ".join(v.split()) for v in row) + "\n" for row in values)


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
