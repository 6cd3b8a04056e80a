"""
Archives: the only place that unpacks one, and the only one that reads a member.

The standard library's extraction trusts paths as a whole, and its filters were led out of the
directory by long chains of links (CVE-2025-4517); so nothing here calls it. Members are written
below directory handles of our own (``archive_trees``), links may name plain paths inside the same
tree only, and there are limits on everything that an archive could make large.

Planning never unpacks: it reads a few members by name.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Final

from matrix.edge import files, limits
from matrix.edge.archive_members import Kind, Member, read_members, split_name
from matrix.edge.archive_streams import InvalidArchive
from matrix.edge.archive_trees import Tree, open_tree
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

__all__ = [
    "Contents",
    "InvalidArchive",
    "read_contents",
    "read_member",
    "read_names",
    "unpack",
    "write_members",
]

_LINKS: Final = frozenset({Kind.SYMBOLIC_LINK, Kind.HARD_LINK})


def _keep_name(name: str) -> str:
    return name


def unpack(
    path: Path,
    into: Path,
    *,
    rename: Callable[[str], str | None] = _keep_name,
    name: str = "",
) -> None:
    """
    Unpack the archive at ``path`` below ``into``, a directory that is new or that is empty.

    ``rename`` maps a member's name to where it belongs; members for which it returns None are
    skipped. ``name`` is what messages call the archive. Raises ``InvalidArchive``, and
    ``NotWritten`` when the file system refuses.
    """
    what = f"{name or path.name} cannot be unpacked"
    with translate_errors(_to_invalid_archive, what), files.reading(path) as stream:
        write_members(read_members(stream), into, rename=rename)


@dataclasses.dataclass(frozen=True)
class Contents:
    """The names of all members of an archive, and the content of the selected ones."""

    names: frozenset[str]
    bytes_by_name: Mapping[str, bytes]


def read_names(path: Path) -> frozenset[str]:
    """The names of all members, without the content of any."""
    what = f"{path.name} cannot be read"
    with translate_errors(_to_invalid_archive, what), files.reading(path) as stream:
        return frozenset("/".join(member.path) for member in read_members(stream))


def read_contents(path: Path, *, select: Callable[[str], bool], limit: str) -> Contents:
    """
    Read the files whose names ``select`` chooses, each within the limit of that name.

    A link is read as the file of the archive that it names; nothing is written anywhere.
    """
    names: set[str] = set()
    bytes_by_name: dict[str, bytes] = {}
    name_by_link: dict[str, str] = {}
    what = f"{path.name} cannot be read"
    with translate_errors(_to_invalid_archive, what), files.reading(path) as stream:
        for member in read_members(stream):
            name = "/".join(member.path)
            names.add(name)
            if not select(name):
                continue
            bytes_by_name.pop(name, None)
            name_by_link.pop(name, None)
            if member.kind is Kind.FILE:
                bytes_by_name[name] = _read(member, limit)
            elif member.kind in _LINKS:
                name_by_link[name] = "/".join(_resolve(member, member.path))
    if targets := frozenset(name_by_link.values()) - bytes_by_name.keys():
        linked = _read_files(path, targets, limit)
        bytes_by_name.update(linked)
    for link, name in name_by_link.items():
        if name in bytes_by_name:
            bytes_by_name[link] = bytes_by_name[name]
    chosen = {name: content for name, content in bytes_by_name.items() if select(name)}
    return Contents(names=frozenset(names), bytes_by_name=chosen)


def read_member(path: Path, name: str, *, limit: str) -> bytes | None:
    """The content of one member; None when the archive has no such file."""
    return read_contents(path, select=name.__eq__, limit=limit).bytes_by_name.get(name)


def _read_files(path: Path, names: frozenset[str], limit: str) -> dict[str, bytes]:
    what = f"{path.name} cannot be read"
    with translate_errors(_to_invalid_archive, what), files.reading(path) as stream:
        return {
            "/".join(member.path): _read(member, limit)
            for member in read_members(stream)
            if member.kind is Kind.FILE and "/".join(member.path) in names
        }


def _read(member: Member, limit: str) -> bytes:
    limits.check(limit, member.size, InvalidArchive)
    return b"".join(member.chunks())


def write_members(
    members: Iterable[Member],
    into: Path,
    *,
    rename: Callable[[str], str | None] = _keep_name,
) -> None:
    """Write ``members`` below ``into`` while they are read; ``rename`` is that of ``unpack``."""
    unpacked: dict[tuple[str, ...], tuple[str, ...]] = {}
    try:
        into.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(open_tree(into)) as tree:
            for member in members:
                name = rename("/".join(member.path))
                if name is not None:
                    path = split_name(name)
                    _add(tree, member, path, unpacked)
                    unpacked[member.path] = path
            tree.finish()
    except OSError as error:
        raise files.write_error(into, error) from error


def _add(
    tree: Tree,
    member: Member,
    path: tuple[str, ...],
    unpacked: Mapping[tuple[str, ...], tuple[str, ...]],
) -> None:
    if member.kind is Kind.DIRECTORY:
        tree.make_directory(path)
    elif member.kind is Kind.FILE:
        with tree.create_file(
            path, is_executable=member.is_executable, modified=member.modified
        ) as stream:
            for chunk in member.chunks():
                stream.write(chunk)
    elif member.kind is Kind.SYMBOLIC_LINK:
        _resolve(member, path)
        tree.create_link(path, member.target)
    elif member.kind is Kind.HARD_LINK:
        target = unpacked.get(_resolve(member, path))
        if target is None:
            what = f"member {member.name!r} is a hard link to {member.target!r}, no earlier file"
            raise InvalidArchive(what)
        tree.create_hard_link(path, target)
    else:
        raise InvalidArchive(f"member {member.name!r} is a {member.kind.value}")


def _resolve(member: Member, path: tuple[str, ...]) -> tuple[str, ...]:
    """
    Where a link at ``path`` leads; raises ``InvalidArchive`` unless that is plainly inside.

    A symbolic link may go up first, as far as the tree reaches, and then only down. So each step up
    leaves a directory of ours, never one that another link led to; a hard link names its target
    from the archive's root.
    """
    names = member.target.split("/")
    if member.kind is Kind.SYMBOLIC_LINK:
        up = 0
        while up < len(names) and names[up] == "..":
            up += 1
        above, names = path[: len(path) - 1 - up], names[up:]
        is_inside = up < len(path)
    else:
        above, is_inside = (), True
    below = tuple(name for name in names if name not in {"", "."})
    is_plain = bool(member.target) and not member.target.startswith("/") and ".." not in below
    if not is_inside or not is_plain or "\0" in member.target:
        what = f"member {member.name!r} links to {member.target!r}, not plainly inside the archive"
        raise InvalidArchive(what)
    limits.check("path levels", len(above) + len(below), InvalidArchive)
    return (*above, *below)


def _to_invalid_archive(text: str) -> InvalidArchive:
    """Not the class itself: our own refusals get the archive's name as well."""
    return InvalidArchive(text)
