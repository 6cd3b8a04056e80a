"""
Directories below which an archive is unpacked, so that nothing can be written elsewhere.

A path is never given to the system as a whole. Every directory is made by us and opened below the
handle of its parent without following links, so a link that an archive has planted, or that another
process puts there meanwhile, stops the unpacking instead of leading it (CVE-2025-4517 and its
kind). Windows has no such handles: there every directory is checked by name, and links are not
made at all.
"""

from __future__ import annotations

import abc
import contextlib
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Final

from matrix.edge.archive_streams import InvalidArchive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DIRECTORY: Final = 0o755
_FILE: Final = 0o644
_PROGRAM: Final = 0o755
_LATEST: Final = 1 << 33  # the year 2242; some file systems hold no more
_FLAGS: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Tree(abc.ABC):
    """What was unpacked so far: paths are tuples of names, checked by ``split_name``."""

    def __init__(self) -> None:
        self._directories: set[tuple[str, ...]] = {()}
        self._files: set[tuple[str, ...]] = set()
        self._links: set[tuple[str, ...]] = set()

    def make_directory(self, path: tuple[str, ...]) -> None:
        """Make a directory and those above it, or pass where we have made it already."""
        for end in range(1, len(path) + 1):
            ancestor = path[:end]
            if ancestor in self._directories:
                continue
            if ancestor in self._files or ancestor in self._links:
                raise InvalidArchive(f"{_show(ancestor)} is a file or link and a directory")
            self._mkdir(ancestor)
            self._directories.add(ancestor)

    @contextlib.contextmanager
    def create_file(
        self, path: tuple[str, ...], *, is_executable: bool, modified: float | None
    ) -> Iterator[BinaryIO]:
        """Yield a new file; of two members with one name the later stays, as in every tar."""
        self._make_room(path)
        with os.fdopen(self._create(path, _PROGRAM if is_executable else _FILE), "wb") as stream:
            self._files.add(path)
            yield stream
            stream.flush()
            # make compares the times of sources with those of what was generated from them.
            if modified is not None and 0 <= modified < _LATEST and os.utime in os.supports_fd:
                os.utime(stream.fileno(), (modified, modified))

    def create_link(self, path: tuple[str, ...], target: str) -> None:
        """Make a symbolic link whose ``target`` was checked."""
        self._make_room(path)
        self._symlink(path, target)
        self._links.add(path)

    def create_hard_link(self, path: tuple[str, ...], target: tuple[str, ...]) -> None:
        """Make ``path`` the same file as ``target``, a file that was unpacked before."""
        if target not in self._files or target == path:
            raise InvalidArchive(
                f"{_show(path)} is a hard link to {_show(target)}, no earlier file"
            )
        self._make_room(path)
        self._link(target, path)
        self._files.add(path)

    def _make_room(self, path: tuple[str, ...]) -> None:
        if not path or path in self._directories:
            raise InvalidArchive(f"{_show(path)} is a file or link and a directory")
        self.make_directory(path[:-1])
        if path in self._files or path in self._links:
            self._unlink(path)
            self._files.discard(path)
            self._links.discard(path)

    def finish(self) -> None:  # noqa: B027 - a tree of handles has nothing to do
        """Write what can only be written at the end."""

    def close(self) -> None:  # noqa: B027 - a tree without handles has nothing to do
        """Release the handles."""

    @abc.abstractmethod
    def _mkdir(self, path: tuple[str, ...]) -> None:
        """Make the directory ``path``."""

    @abc.abstractmethod
    def _create(self, path: tuple[str, ...], mode: int) -> int:
        """Create the file ``path`` and return its descriptor."""

    @abc.abstractmethod
    def _link(self, target: tuple[str, ...], path: tuple[str, ...]) -> None:
        """Make ``path`` a hard link to ``target``."""

    @abc.abstractmethod
    def _symlink(self, path: tuple[str, ...], target: str) -> None:
        """Make ``path`` a symbolic link to ``target``."""

    @abc.abstractmethod
    def _unlink(self, path: tuple[str, ...]) -> None:
        """Remove the file or link ``path``."""


class HandleTree(Tree):
    """A tree on a system whose calls take directory handles."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._handles = [os.open(root, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)]
        self._open_path: tuple[str, ...] = ()

    def close(self) -> None:
        while self._handles:
            os.close(self._handles.pop())

    def _enter(self, path: tuple[str, ...]) -> int:
        """The handle of a directory, reached from the root name by name."""
        shared = 0
        while shared < min(len(self._open_path), len(path)) and (
            self._open_path[shared] == path[shared]
        ):
            shared += 1
        while len(self._handles) > shared + 1:
            os.close(self._handles.pop())
        self._open_path = path[:shared]
        for name in path[shared:]:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | _FLAGS
            self._handles.append(os.open(name, flags, dir_fd=self._handles[-1]))
            self._open_path = (*self._open_path, name)
        return self._handles[-1]

    def _mkdir(self, path: tuple[str, ...]) -> None:
        os.mkdir(path[-1], _DIRECTORY, dir_fd=self._enter(path[:-1]))

    def _create(self, path: tuple[str, ...], mode: int) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | _FLAGS
        return os.open(path[-1], flags, mode, dir_fd=self._enter(path[:-1]))

    def _link(self, target: tuple[str, ...], path: tuple[str, ...]) -> None:
        source = os.dup(self._enter(target[:-1]))
        try:
            os.link(
                target[-1],
                path[-1],
                src_dir_fd=source,
                dst_dir_fd=self._enter(path[:-1]),
                follow_symlinks=False,
            )
        finally:
            os.close(source)

    def _symlink(self, path: tuple[str, ...], target: str) -> None:
        os.symlink(target, path[-1], dir_fd=self._enter(path[:-1]))

    def _unlink(self, path: tuple[str, ...]) -> None:
        os.unlink(path[-1], dir_fd=self._enter(path[:-1]))


class NamedTree(Tree):
    """
    A tree on Windows, where a symbolic link to an unpacked file becomes a hard link.

    A process that may write to the root could still exchange one of our directories for a junction,
    so the root must be private; those of ``tempfile`` are.
    """

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        self._targets: dict[tuple[str, ...], tuple[str, ...]] = {}

    def finish(self) -> None:
        for path, target in self._targets.items():
            if target not in self._files:
                raise InvalidArchive(f"{_show(path)} links to {_show(target)}, which is not a file")
            os.link(self._path(target), self._path(path))
        self._targets.clear()

    def _path(self, path: tuple[str, ...]) -> Path:
        return self._root.joinpath(*path)

    def _parent(self, path: tuple[str, ...]) -> Path:
        for end in range(1, len(path)):
            if not stat.S_ISDIR(os.lstat(self._path(path[:end])).st_mode):
                raise InvalidArchive(f"{_show(path[:end])} is no longer a directory")
        return self._path(path[:-1])

    def _mkdir(self, path: tuple[str, ...]) -> None:
        (self._parent(path) / path[-1]).mkdir(_DIRECTORY)

    def _create(self, path: tuple[str, ...], mode: int) -> int:
        return os.open(
            self._parent(path) / path[-1], os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, mode
        )

    def _link(self, target: tuple[str, ...], path: tuple[str, ...]) -> None:
        os.link(self._parent(target) / target[-1], self._parent(path) / path[-1])

    def _symlink(self, path: tuple[str, ...], target: str) -> None:
        names = [*path[:-1]]
        for name in target.split("/"):
            if name == "..":
                names.pop()
            elif name not in {"", "."}:
                names.append(name)
        self._targets[path] = tuple(names)

    def _unlink(self, path: tuple[str, ...]) -> None:
        if self._targets.pop(path, None) is None:
            (self._parent(path) / path[-1]).unlink()


def _show(path: tuple[str, ...]) -> str:
    return repr("/".join(path))


def open_tree(root: Path) -> Tree:
    """The safest tree that this system can hold below ``root``."""
    calls = {os.open, os.mkdir, os.symlink, os.link, os.unlink}
    has_handles = calls <= os.supports_dir_fd and os.link in os.supports_follow_symlinks
    return HandleTree(root) if has_handles and hasattr(os, "O_NOFOLLOW") else NamedTree(root)
