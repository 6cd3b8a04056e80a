"""The files below a directory, and whether every file system can hold their names."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from matrix.errors import NotVerified, Problem

# Microsoft, "Naming Files, Paths, and Namespaces": reserved with any extension, in any case.
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_JUNCTION: Final = 0xA0000003  # stat.IO_REPARSE_TAG_MOUNT_POINT, which exists on Windows only
_UNPORTABLE: Final = re.compile(r'[<>:"|?*\x00-\x1f\x7f\ud800-\udfff]')


def list_files(top: Path) -> tuple[dict[str, Path], tuple[Problem, ...]]:
    """
    Every regular file by its path with slashes, and a problem for everything else.

    Links are named, never followed: a link out of the bundle would let the verifier check one file
    and the importer copy another.
    """
    path_by_name: dict[str, Path] = {}
    problems: list[Problem] = []
    try:
        for entry in _walk(top):
            path = Path(entry.path).relative_to(top).as_posix()
            if _is_link(entry):
                problems.append(Problem(place=path, what="expected a file, got a link"))
            elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                path_by_name[path] = Path(entry.path)
            elif not entry.is_dir(follow_symlinks=False):
                problems.append(Problem(place=path, what="expected a file, got a special file"))
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise NotVerified(Problem(place=str(error.filename or top), what=what)) from error
    return path_by_name, tuple(problems)


def _walk(directory: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(directory) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        yield entry
        if entry.is_dir(follow_symlinks=False) and not _is_link(entry):
            yield from _walk(Path(entry.path))


def _is_link(entry: os.DirEntry[str]) -> bool:
    # os.DirEntry.is_junction came with 3.12.
    status = entry.stat(follow_symlinks=False)
    return entry.is_symlink() or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def find_unportable(paths: Iterable[str]) -> Iterator[Problem]:
    """A problem for every path that leads out, or that some file system cannot keep apart."""
    first: dict[str, str] = {}
    for path in sorted(paths):
        if reason := _explain_unportable(path):
            yield Problem(place=repr(path), what=reason)
        # NFC: macOS gives names back decomposed.
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded in first:
            what = f"differs from {first[folded]!r} only in case or accents"
            yield Problem(place=repr(path), what=what)
        first.setdefault(folded, path)


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
    return ""
