"""The files below a directory, and whether every file system can hold their names."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from matrix.edge import limits
from matrix.errors import NotVerified, Problem
from matrix.verify.reading import blame

# Microsoft, "Naming Files, Paths, and Namespaces": reserved with any extension, in any case.
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(\..*)?", re.IGNORECASE
)
_JUNCTION: Final = 0xA0000003  # stat.IO_REPARSE_TAG_MOUNT_POINT, which exists on Windows only
_UNPORTABLE: Final = re.compile(r'[<>:"|?*\x00-\x1f\x7f\ud800-\udfff]')


def list_files(top: Path) -> tuple[dict[str, Path], tuple[Problem, ...]]:
    """
    Every regular file by its path with slashes, and a problem for everything else.

    Links are named, never followed: a link out of the bundle would let the verifier check one file
    and the importer copy another. An empty directory is a problem too: no digest vouches for it.
    """
    path_by_name: dict[str, Path] = {}
    problems: list[Problem] = []
    try:
        for entry, is_empty in _walk(top):
            name = Path(entry.path).relative_to(top).as_posix()
            if _is_link(entry):
                problems.append(Problem(place=name, what="expected a file, got a link"))
            elif entry.is_dir(follow_symlinks=False):
                if is_empty:
                    problems.append(Problem(place=name, what="expected files, got none"))
            elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                path_by_name[name] = Path(entry.path)
            else:
                problems.append(Problem(place=name, what="expected a file, got a special file"))
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise NotVerified(Problem(place=str(error.filename or top), what=what)) from error
    return path_by_name, tuple(problems)


def _walk(top: Path) -> Iterator[tuple[os.DirEntry[str], bool]]:
    """Every entry below ``top``, and whether it is an empty directory."""
    stack = [(entry, 1) for entry in _scan(top)]
    while stack:
        entry, level = stack.pop()
        inside: list[os.DirEntry[str]] = []
        is_directory = entry.is_dir(follow_symlinks=False) and not _is_link(entry)
        if is_directory:
            limits.check("levels of a bundle", level + 1, blame(str(top)))
            inside = _scan(entry.path)
            stack += [(below, level + 1) for below in inside]
        yield entry, is_directory and not inside


def _scan(directory: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(directory) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_link(entry: os.DirEntry[str]) -> bool:
    # os.DirEntry.is_junction came with 3.12.
    status = entry.stat(follow_symlinks=False)
    return entry.is_symlink() or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def find_unportable(paths: Iterable[str]) -> Iterator[Problem]:
    """
    Yield a problem for every path that leads out or that some file system cannot hold.

    Directories count as well: ``Files/a`` and ``files/b`` are in one directory on Windows.
    """
    tree = PortableTree()
    for path in sorted(paths):
        yield from tree.add(path)


class PortableTree:
    """The paths of a directory's files that were seen so far, as the strictest systems see them."""

    def __init__(self) -> None:
        self._path_by_folded: dict[str, str] = {}
        self._files: set[str] = set()
        self._directories: set[str] = set()

    def add(self, path: str) -> Iterator[Problem]:
        """Yield a problem unless a file at ``path`` can lie beside those that were added before."""
        if reason := _explain_unportable(path):
            yield Problem(place=repr(path), what=reason)
        parts = path.split("/")
        directories = ["/".join(parts[:count]) for count in range(1, len(parts))]
        for prefix in (*directories, path):
            # NFC: macOS gives names back decomposed.
            folded = unicodedata.normalize("NFC", prefix).casefold()
            other = self._path_by_folded.setdefault(folded, prefix)
            if other != prefix:
                what = f"differs from {other!r} only in case or accents"
                yield Problem(place=repr(prefix), what=what)
        if path in self._directories or not self._files.isdisjoint(directories):
            yield Problem(place=repr(path), what="is a file and a directory")
        if path in self._files:
            yield Problem(place=repr(path), what="is a file twice")
        self._files.add(path)
        self._directories.update(directories)


def _explain_unportable(path: str) -> str:
    if path.startswith("/"):
        return "expected a path below the bundle, got an absolute one"
    if "\\" in path:
        return "a backslash separates directories on Windows"
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return f"leads elsewhere by {part!r}"
        if _UNPORTABLE.search(part):
            return "holds a character that Windows cannot write"
        if _RESERVED.fullmatch(part):
            return f"{part!r} is the name of a device on Windows"
        if part[-1] in ". ":
            return f"{part!r} ends with a character that Windows drops"
        if len(part.encode("utf-8")) > limits.cap("file name bytes"):
            return f"a name is longer than {limits.cap('file name bytes')} bytes"
    return ""
