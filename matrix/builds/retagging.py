"""
Retag a pure wheel for the major version of Python that has built and tested it.

A backend writes ``py2.py3`` where ``setup.cfg`` says so, on every interpreter. But the code that it
generates on 2.7 is not the code that it generates on 3.12, and a bundle holds one file of a name.
"""

import base64
import hashlib
import zipfile
from pathlib import Path

from matrix.distributions.wheel import find_dist_info, parse_filename
from matrix.edge import files


def retag_wheel(wheel: Path, *, major: int) -> Path:
    """Put ``wheel`` under the Python tag ``py<major>``, where that is one of several it has."""
    *first, python, abi, platform = wheel.name.split("-")
    tag = f"py{major}"
    if python == tag or tag not in python.split("."):
        return wheel
    renamed = wheel.with_name("-".join([*first, tag, abi, platform]))
    with (
        files.reading(wheel) as stream,
        zipfile.ZipFile(stream) as old,
        zipfile.ZipFile(renamed, "w") as new,
    ):
        own = find_dist_info(parse_filename(wheel.name), old.namelist())
        changed = _retag_members(old, own, tag)
        for info in old.infolist():
            # An entry keeps its time, its mode and its place.
            data = changed.get(info.filename) or old.read(info)
            new.writestr(info, data, info.compress_type)
    wheel.unlink()
    return renamed


def _retag_members(archive: zipfile.ZipFile, own: str, tag: str) -> dict[str, bytes]:
    """WHEEL with the one tag, and RECORD with the digest of that; both are in ``own``."""
    stated, record = f"{own}/WHEEL", f"{own}/RECORD"
    lines = archive.read(stated).splitlines(keepends=True)
    tagged = b"".join(line for line in lines if not line.startswith(b"Tag:"))
    tagged = tagged.rstrip() + f"\nTag: {tag}-none-any\n".encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(tagged).digest()).rstrip(b"=")
    row = b"%s,sha256=%s,%d\n" % (stated.encode(), digest, len(tagged))
    rows = archive.read(record).splitlines(keepends=True)
    prefix = f"{stated},".encode()
    return {
        stated: tagged,
        record: b"".join(row if line.startswith(prefix) else line for line in rows),
    }
