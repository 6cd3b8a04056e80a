"""
The ledger of an index of devpi, as one file of a project of ours.

It is a zip with the ledger, the record of each bundle and the core metadata of each wheel that is
served, so that the next import can prove without downloading a wheel.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Final

from matrix.destinations import ledger_text
from matrix.destinations.ledger import FILENAME, Ledger
from matrix.edge import archives
from matrix.edge.archives import InvalidArchive
from matrix.errors import NotVerified, Problem
from matrix.record import schema

PROJECT: Final = "wheelyard-ledger"
# The first time that a zip can say: the same state is the same bytes.
_TIME: Final = (1980, 1, 1, 0, 0, 0)


def make_state_name(number: int) -> str:
    """The filename of the state of a generation."""
    return f"wheelyard_ledger-{number}.zip"


def pack_state(scratch: Path, ledger: Ledger, name: str) -> Path:
    """Write the state of ``ledger``, with the sidecars in ``scratch``, and return its path."""
    content_by_path = {FILENAME: ledger_text.dump(ledger.lines).encode("utf-8")}
    for entry in ledger.all_imports:
        record = ledger.record_by_sha256[entry.record_sha256]
        content_by_path[entry.record_path] = schema.dump(record).encode("utf-8")
    for wheel in ledger.wheels:
        path = f"files/{wheel.filename}.metadata"
        content_by_path[path] = (scratch / path).read_bytes()
    with zipfile.ZipFile(scratch / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(content_by_path):
            archive.writestr(zipfile.ZipInfo(path, _TIME), content_by_path[path])
    return scratch / name


def load_state(state: Path, scratch: Path) -> None:
    """Unpack a state into ``scratch``, in the place of an earlier one."""
    unpacked = scratch / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    try:
        archives.unpack(state, unpacked)
    except InvalidArchive as error:
        raise NotVerified(Problem(place=state.name, what=str(error))) from error
    for path in sorted(unpacked.rglob("*")):
        if path.is_file():
            target = scratch / path.relative_to(unpacked)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
