"""
Other names for wheels: for the one major version that built a pure wheel, and with a build tag.

A backend writes ``py2.py3`` where ``setup.cfg`` says so, on every interpreter. But the code that it
generates on 2.7 is not the code that it generates on 3.12, and a bundle holds one file of a name.
"""

import base64
import hashlib
import zipfile
from collections.abc import Callable
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
    _rewrite(wheel, renamed, lambda stated: _state_tag(stated, tag))
    return renamed


def _state_tag(stated: bytes, tag: str) -> bytes:
    lines = stated.splitlines(keepends=True)
    others = b"".join(line for line in lines if not line.startswith(b"Tag:"))
    return others.rstrip() + f"\nTag: {tag}-none-any\n".encode()


def add_build_tag(wheel: Path, *, number: int) -> Path:
    """Put ``wheel`` under its name with the build tag ``number``, which WHEEL states as well."""
    tags = wheel.name.removesuffix(".whl").split("-")
    renamed = wheel.with_name("-".join([*tags[:2], str(number), *tags[-3:]]) + ".whl")
    _rewrite(wheel, renamed, lambda stated: _state_build_tag(stated, number))
    return renamed


def _state_build_tag(stated: bytes, number: int) -> bytes:
    lines = stated.splitlines(keepends=True)
    others = b"".join(line for line in lines if not line.startswith(b"Build:"))
    return others.rstrip() + f"\nBuild: {number}\n".encode()


def _rewrite(wheel: Path, renamed: Path, restate: Callable[[bytes], bytes]) -> None:
    """Move ``wheel`` to ``renamed``, with its file WHEEL as ``restate`` gives it."""
    path = wheel.with_name(f".{renamed.name}.part")
    with (
        files.reading(wheel) as stream,
        zipfile.ZipFile(stream) as old,
        zipfile.ZipFile(path, "w") as new,
    ):
        own = find_dist_info(parse_filename(wheel.name), old.namelist())
        changed = _replace_members(old, own, restate)
        for info in old.infolist():
            # An entry keeps its time, its mode and its place.
            data = changed.get(info.filename) or old.read(info)
            new.writestr(info, data, info.compress_type)
    wheel.unlink()
    path.replace(renamed)


def _replace_members(
    archive: zipfile.ZipFile, own: str, restate: Callable[[bytes], bytes]
) -> dict[str, bytes]:
    """WHEEL as ``restate`` gives it, and RECORD with the digest of that; both are in ``own``."""
    stated, record = f"{own}/WHEEL", f"{own}/RECORD"
    tagged = restate(archive.read(stated))
    digest = base64.urlsafe_b64encode(hashlib.sha256(tagged).digest()).rstrip(b"=")
    row = b"%s,sha256=%s,%d\n" % (stated.encode(), digest, len(tagged))
    rows = archive.read(record).splitlines(keepends=True)
    prefix = f"{stated},".encode()
    return {
        stated: tagged,
        record: b"".join(row if line.startswith(prefix) else line for line in rows),
    }
