"""
The layout of a wheel: what an installer has to find, and where it puts the files (PEP 427).

pip refuses a wheel that breaks these rules, some of its releases only when half of it is installed;
a wheel that pip refuses must not be proven.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.distributions.wheel_name import InvalidWheel, WheelName, blame
from matrix.edge import limits
from matrix.edge.archive_streams import check_ratio
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# CPython can be built without bz2 and lzma, and zipfile of 2.7 has neither.
_COMPRESSIONS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_SCHEMES: Final = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
_LIBRARY_SCHEMES: Final = frozenset({"purelib", "platlib"})
_SCRIPT_GROUPS: Final = frozenset({"console_scripts", "gui_scripts"})
_WHEEL_VERSION: Final = re.compile(r"1(\.[0-9]{1,9}){0,3}")
_EXTRAS: Final = r"\s*(\[[^\]]*\])?"
_OBJECT: Final = re.compile(r"[\w.]+(\s*:\s*[\w.]+)?" + _EXTRAS, re.ASCII)
_CALLABLE: Final = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*" + _EXTRAS, re.ASCII)
_MODULE: Final = re.compile(r"([^.]+)(\.py|(\.[^/]+)?\.(so|pyd))")


def list_members(filename: str, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Members by name, without directories: RECORD lists files only."""
    infos = archive.infolist()
    limits.check("members", len(infos), blame(filename))
    members: dict[str, zipfile.ZipInfo] = {}
    directories: set[str] = set()
    for info in infos:
        # zipfile turns the host's separator into a slash; the name as written is in orig_filename.
        name = info.orig_filename
        _check_name(filename, name)
        _check_scheme(filename, name)
        if not info.is_dir():
            if name in members:
                raise InvalidWheel(f"{filename} has two members named {name!r}")
            if info.compress_type not in _COMPRESSIONS:
                what = f"expected {name!r} in {filename} to be stored or deflated"
                raise InvalidWheel(f"{what}, got compression {info.compress_type}")
            members[name] = info
        directories |= _list_ancestors(name)
    if both := sorted(members.keys() & directories):
        raise InvalidWheel(f"{filename} has a file and a directory named {both[0]!r}")
    limits.check("unpacked bytes", sum(info.file_size for info in infos), blame(filename))
    check_ratio(sum(info.file_size for info in infos), sum(info.compress_size for info in infos))
    return members


def _check_name(filename: str, name: str) -> None:
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or ":" in name:
        raise InvalidWheel(f"{filename} has a member that leads out of it: {name!r}")
    if not {"", "."}.isdisjoint(parts):
        raise InvalidWheel(f"{filename} has a member whose name is no plain path: {name!r}")
    longest = max(len(part.encode("utf-8", "surrogateescape")) for part in parts)
    limits.check("file name bytes", longest, blame(filename))
    limits.check("path levels", len(parts), blame(filename))
    limits.check("member name bytes", len(name), blame(filename))


def _check_scheme(filename: str, name: str) -> None:
    """Refuse a member of ``.data`` that no scheme installs; pips before 20 look at directories."""
    top, *below = name.split("/")
    is_placed = len(below) > 1 and below[0] in _SCHEMES
    if top.endswith(".data") and below != [""] and not is_placed:
        expected = f"a path below one of {', '.join(sorted(_SCHEMES))}"
        raise InvalidWheel(f"expected {expected} in {top} of {filename}, got {name!r}")


def _list_ancestors(name: str) -> set[str]:
    """The directories above a member; the member too where it is one."""
    parts = name.split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


def find_dist_info(name: WheelName, members: Iterable[str]) -> str:
    """The wheel's own ``.dist-info`` directory, not that of what it vendors."""
    tops = {PurePosixPath(member).parts[0] for member in members}
    directories = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(directories) != 1:
        got = ", ".join(directories) or "none"
        raise InvalidWheel(f"expected one .dist-info directory in {name.filename}, got {got}")
    project, _, version = directories[0].removesuffix(".dist-info").rpartition("-")
    if not _is_same(name, project, version):
        expected = f"the .dist-info of {name.project} {name.version}"
        raise InvalidWheel(f"expected {expected} in {name.filename}, got {directories[0]}")
    return directories[0]


def _is_same(name: WheelName, project: str, version: str) -> bool:
    try:
        return canonicalize_name(project) == name.project and Version(version) == name.version
    except ValueError:  # InvalidVersion, and integers of 5,000 digits
        return False


def check_texts(
    filename: str,
    archive: zipfile.ZipFile,
    info_by_name: Mapping[str, zipfile.ZipInfo],
    dist_info: str,
) -> None:
    """Raise ``InvalidWheel`` unless WHEEL and, if there, entry_points.txt can be read."""
    if (wheel_name := f"{dist_info}/WHEEL") not in info_by_name:
        raise InvalidWheel(f"{filename} has no {wheel_name}")
    entry_points_name = f"{dist_info}/entry_points.txt"
    for name, parse in ((wheel_name, parse_wheel_file), (entry_points_name, parse_entry_points)):
        if name in info_by_name:
            limits.check("wheel text bytes", info_by_name[name].file_size, blame(filename))
            with translate_errors(blame(filename)):
                parse(archive.read(info_by_name[name]))


def parse_wheel_file(data: bytes) -> str:
    """The Wheel-Version of the file WHEEL; raises ``InvalidWheel`` unless it is 1.x."""
    with translate_errors(InvalidWheel, "WHEEL cannot be read"):
        lines = data.decode("utf-8").partition("\n\n")[0].splitlines()
    fields = [line.partition(":") for line in lines]
    versions = [value.strip() for name, _, value in fields if name.lower() == "wheel-version"]
    if len(versions) != 1 or not _WHEEL_VERSION.fullmatch(versions[0]):
        raise InvalidWheel(f"expected one Wheel-Version 1.x in WHEEL, got {versions or 'none'}")
    return versions[0]


def parse_entry_points(data: bytes) -> dict[str, dict[str, str]]:
    """
    The objects that entry_points.txt names, by name, by group; raises ``InvalidWheel``.

    As every pip reads it: until 23, on Python before 3.11, pip parsed all groups with setuptools,
    which takes no group or name twice. Groups that become programs must name a callable.
    """
    with translate_errors(InvalidWheel, "entry_points.txt cannot be read"):
        lines = data.decode("utf-8").splitlines()
    groups: dict[str, dict[str, str]] = {}
    group = ""
    for line in map(str.strip, lines):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
            if group in groups:
                raise InvalidWheel(f"entry_points.txt has two groups {group!r}")
            groups[group] = {}
        elif line and not line.startswith("#"):
            name, value = _parse_entry_point(line, group)
            if name in groups[group]:
                raise InvalidWheel(f"entry_points.txt has two entry points {name!r} in {group!r}")
            groups[group][name] = value
    return groups


def _parse_entry_point(line: str, group: str) -> tuple[str, str]:
    name, equals, value = map(str.strip, line.partition("="))
    is_script = group in _SCRIPT_GROUPS
    is_object = (_CALLABLE if is_script else _OBJECT).fullmatch(value)
    # The name of a script becomes a file's.
    is_name = name and "[" not in name and not (is_script and {"/", "\\"} & {*name})
    if not (group and equals and is_name and is_object):
        raise InvalidWheel(f"entry_points.txt has a line that is no entry point: {line[:100]!r}")
    return name, value


def top_level(members: Iterable[str]) -> tuple[str, ...]:
    """
    Modules that importing can start from, by the files that make them.

    >>> top_level(["six.py", "yaml/__init__.py", "_yaml.cpython-312-x86_64-linux-gnu.so"])
    ('_yaml', 'six', 'yaml')
    """
    # Not top_level.txt: only setuptools writes it, and from setup.py rather than from the files.
    modules = {module for member in members if (module := _top_module(member))}
    return tuple(sorted(modules))


def _top_module(member: str) -> str:
    parts = PurePosixPath(member).parts
    if parts[0].endswith(".data"):
        # PEP 427: these two schemes are spread into site-packages when the wheel is installed.
        if len(parts) < 3 or parts[1] not in _LIBRARY_SCHEMES:  # noqa: PLR2004
            return ""
        parts = parts[2:]
    module = _MODULE.fullmatch(parts[-1])
    if module is None:
        return ""
    # A directory counts with or without __init__.py: without, it is a namespace package.
    first = module[1] if len(parts) == 1 else parts[0]
    return first if first.isidentifier() else ""
