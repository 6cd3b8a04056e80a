"""
The artifacts of one run, by the rules of upload-artifact 4 to 7 and download-artifact 4 to 8.
"""

import fnmatch
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ILLEGAL: Final = frozenset('":<>|*?\r\n\\/')
MOST: Final = 500


class ActionFailed(Exception):
    """A step that uses an action has failed, with the message that GitHub would show."""


class Artifacts:
    """Everything that one run's jobs have uploaded."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.names: list[str] = []

    def path(self, name: str) -> Path:
        return self._directory / name

    def upload(self, workspace: Path, given: Mapping[str, str]) -> None:
        """Take files of a workspace, under a name that no other job may use."""
        name = given.get("name", "artifact")
        if not name or ILLEGAL & set(name):
            raise ActionFailed(f"The artifact name is not valid: {name!r}")
        root, found = _search(workspace, given["path"], hidden=_is(given, "include-hidden-files"))
        if not found:
            what = f"No files were found with the provided path: {given['path']}"
            if given.get("if-no-files-found", "warn") == "error":
                raise ActionFailed(what)
            return
        if name in self.names:
            if not _is(given, "overwrite"):
                raise ActionFailed("(409) Conflict: an artifact with this name already exists")
            shutil.rmtree(self.path(name))
            self.names.remove(name)
        if len(self.names) >= MOST:
            raise ActionFailed(f"more than {MOST} artifacts")
        for file in found:
            place = self.path(name) / file.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)  # modes are lost on the way
        self.names.append(name)

    def download(self, workspace: Path, given: Mapping[str, str]) -> None:
        """Put one artifact, or those that match a pattern, into a workspace."""
        place = workspace / given.get("path", ".")
        if name := given.get("name"):
            if name not in self.names:
                raise ActionFailed(f"Unable to find any artifacts for the name: {name}")
            self._unpack(name, place)
            return
        pattern = given.get("pattern", "*")
        matched = [name for name in self.names if fnmatch.fnmatchcase(name, pattern)]
        # One match alone makes no directory of its own: whoever counts on directories is surprised
        # by the first run with one job.
        is_flat = _is(given, "merge-multiple") or len(matched) == 1
        for name in matched:
            self._unpack(name, place if is_flat else place / name)

    def _unpack(self, name: str, place: Path) -> None:
        shutil.copytree(self.path(name), place, dirs_exist_ok=True)


def _is(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "false") == "true"


def _search(workspace: Path, asked: str, *, hidden: bool) -> tuple[Path, Sequence[Path]]:
    """The files that ``path`` names, and the directory that becomes the artifact's top."""
    paths = [workspace / line.strip() for line in asked.splitlines() if line.strip()]
    if len(paths) != 1 or any(sign in asked for sign in "*?[!"):
        raise ActionFailed(f"only one path without patterns is supported here: {asked!r}")
    top = paths[0]
    if top.is_file():
        return top.parent, [top]
    files = sorted(path for path in top.rglob("*") if path.is_file())
    return top, [f for f in files if hidden or not _is_hidden(f.relative_to(top))]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
