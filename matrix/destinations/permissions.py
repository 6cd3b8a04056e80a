"""Files and directories that a web server can read under any umask."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matrix.edge import files

_FILE: Final = 0o644
_DIRECTORY: Final = 0o755


def make_directory(path: Path) -> None:
    """Make ``path`` and its missing parents; what is there keeps its permissions."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        try:
            directory.mkdir(exist_ok=True)
            directory.chmod(directory.stat().st_mode | _DIRECTORY)
        except OSError as error:
            raise files.write_error(directory, error) from error


def make_readable(path: Path) -> None:
    """Let all users read the file ``path``."""
    try:
        path.chmod(path.stat().st_mode | _FILE)
    except OSError as error:
        raise files.write_error(path, error) from error
