"""
The program that travels with a bundle: ``wheelyard.pyz``, for CPython 3.9 with nothing installed.

It holds the rooms of the far side, and the ``packaging`` and ``resolvelib`` of this installation:
exactly those versions that ``data/farside.json`` locks, because newer ones need a newer Python. The
same sources give the same bytes on every host: names are sorted, times are fixed, and nothing is
compressed, because two builds of zlib need not agree.
"""

import functools
import importlib.resources
import io
import json
import zipfile
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING, Final

from matrix.edge import files

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ROOMS: Final = (
    "edge",
    "distributions",
    "record",
    "verify",
    "destinations",
    "farside",
)
"""The directories of the far side; the modules ``errors`` and ``__init__`` go with them."""
_MODULES: Final = ("__init__.py", "errors.py")
_DATA: Final = "data/reader-limits.json"
_LEFT_OUT: Final = frozenset({"edge/progress.py"})
"""What needs more than the two libraries."""
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_PREFIX: Final = b"#!/usr/bin/env python3\n"
_MAIN: Final = """\
import sys

if sys.version_info < (3, 9):
    sys.exit("wheelyard.pyz: expected CPython 3.9 or newer, got %d.%d" % sys.version_info[:2])

from matrix.farside.command import main

sys.exit(main())
"""


class Unavailable(ValueError):
    """The installed libraries are not those that travel."""


@functools.cache
def build_program() -> bytes:
    """Return the bytes of ``wheelyard.pyz``; raises ``Unavailable``."""
    content_by_name = {"__main__.py": _MAIN.encode(), **dict(_read_rooms())}
    for project, version in read_requirements().items():
        content_by_name |= _read_distribution(project, version)
    stream = io.BytesIO()
    stream.write(_PREFIX)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(content_by_name):
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = _UNIX, 0o100644 << 16
            archive.writestr(info, content_by_name[name])
    return stream.getvalue()


def read_requirements() -> dict[str, str]:
    """Return the versions of the libraries that travel, by project."""
    text = (importlib.resources.files("matrix") / "data" / "farside.json").read_text("utf-8")
    requirements: dict[str, str] = json.loads(text)["requirements"]
    return requirements


def _read_rooms() -> Iterator[tuple[str, bytes]]:
    top = importlib.resources.files("matrix")
    for name in (*_MODULES, _DATA):
        yield f"matrix/{name}", top.joinpath(name).read_bytes()
    for room in ROOMS:
        for name, content in _walk(top / room, room):
            if name not in _LEFT_OUT:
                yield f"matrix/{name}", content


def _walk(directory: "Traversable", prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in directory.iterdir():
        name = f"{prefix}/{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _walk(entry, name)
        elif entry.name.endswith(".py"):
            yield name, entry.read_bytes()


def _read_distribution(project: str, version: str) -> dict[str, bytes]:
    """Return the modules and licences of an installed library, by their path in the program."""
    distribution = metadata.distribution(project)
    if distribution.version != version:
        raise Unavailable(f"expected {project} {version}, got {distribution.version}")
    content_by_name: dict[str, bytes] = {}
    for path in distribution.files or ():
        name = path.as_posix()
        is_module = name.startswith(f"{project}/") and name.endswith(".py")
        is_licence = ".dist-info/" in name and path.name.upper().startswith("LICENSE")
        if is_module or is_licence:
            with files.reading(path.locate()) as stream:  # type: ignore[arg-type]
                content_by_name[name if is_module else f"licenses/{project}/{path.name}"] = (
                    stream.read()
                )
    if f"{project}/__init__.py" not in content_by_name:
        raise Unavailable(f"expected the files of {project} {version}, got none")
    return content_by_name
