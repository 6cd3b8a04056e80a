"""
Change many files of a directory so that a kill at any moment is finished by the next run.

New files are written below ``.staging-XXXXXXXX/``, with the list of steps. When everything in it is
proven, one rename to ``.switch`` decides that the change happens; then its steps are done one by
one: renames and removals, which need no space. A ``.switch`` that is found later is finished.
"""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from matrix.destinations.permissions import make_directory, make_readable
from matrix.edge import files
from matrix.errors import NotVerified, Problem
from matrix.record import canonical
from matrix.verify import reading, tree

COMMITTED: Final = ".switch"
_STAGING: Final = ".staging"
_STEPS: Final = "steps.json"
_FILES: Final = "files"
_BETWEEN: Final = "between"


@dataclasses.dataclass(frozen=True)
class Change:
    """One file of the directory, and what replaces it; None removes it."""

    path: str
    content: bytes | None


@dataclasses.dataclass(frozen=True)
class Step:
    """A change whose content is staged below the directory ``source``; an empty one removes."""

    path: str
    source: str


@dataclasses.dataclass(frozen=True)
class Steps:
    """The whole of ``steps.json``."""

    steps: tuple[Step, ...]


@dataclasses.dataclass(frozen=True)
class Switch:
    """Steps for the directory ``top``, whose new files are staged below ``staging``."""

    top: Path
    staging: Path
    steps: tuple[Step, ...]

    @property
    def files(self) -> Path:
        """The directory of the files as they are in the end."""
        return self.staging / _FILES

    def run(self) -> None:
        """Decide the change, and make it."""
        committed = self.top / COMMITTED
        try:
            self.staging.rename(committed)
        except OSError as error:
            raise files.write_error(committed, error) from error
        _finish(self.top, self.steps)


@contextlib.contextmanager
def stage(top: Path, changes: Sequence[Change]) -> Iterator[Switch]:
    """
    Yield a switch that makes ``changes`` in this order; a path may change twice.

    A switch that was not run when the block ends is thrown away.
    """
    last_by_path = {change.path: change for change in changes}
    steps = tuple(
        Step(change.path, _name_source(change, last_by_path[change.path])) for change in changes
    )
    switch = Switch(top, top / f"{_STAGING}-{secrets.token_hex(4)}", steps)
    try:
        for step, change in zip(steps, changes):
            if change.content is not None:
                staged = switch.staging / step.source / step.path
                make_directory(staged.parent)
                make_directory((top / step.path).parent)
                files.write(staged, change.content)
                make_readable(staged)
        files.write(switch.staging / _STEPS, canonical.dump(Steps(steps)))
        yield switch
    finally:
        shutil.rmtree(switch.staging, ignore_errors=True)


def _name_source(change: Change, last: Change) -> str:
    if change.content is None:
        return ""
    return _FILES if change is last else _BETWEEN


def recover(top: Path, parts: Sequence[str]) -> bool:
    """
    Finish the switch that a killed run has decided, if any, and remove what killed runs left.

    ``parts`` are patterns of temporary files below ``top``. Call it with the lock held: then every
    other run is dead.
    """
    for staging in top.glob(f"{_STAGING}*"):
        shutil.rmtree(staging, ignore_errors=True)
    for pattern in parts:
        for path in top.glob(pattern):
            if files.is_temporary(path.name):
                with contextlib.suppress(OSError):
                    path.unlink()
    if not (top / COMMITTED).exists():
        return False
    _finish(top, _read_steps(top / COMMITTED / _STEPS))
    return True


def _finish(top: Path, steps: Sequence[Step]) -> None:
    for step in steps:
        staged = top / COMMITTED / step.source / step.path
        try:
            if not step.source:
                _remove(top, step.path)
            elif staged.exists():  # else the killed run has renamed it
                staged.replace(top / step.path)
        except OSError as error:
            raise files.write_error(top / step.path, error) from error
    shutil.rmtree(top / COMMITTED, ignore_errors=True)


def _remove(top: Path, path: str) -> None:
    """Remove a file, and the directories that are empty then."""
    (top / path).unlink(missing_ok=True)
    directory = (top / path).parent
    # A killed run may have removed some of them already.
    while directory != top and not (directory.is_dir() and any(directory.iterdir())):
        if directory.is_dir():
            directory.rmdir()
        directory = directory.parent


def _read_steps(path: Path) -> tuple[Step, ...]:
    """Steps become paths: none may lead out of the directory."""
    place = str(path)
    data = reading.read_bytes(path, place=place)
    steps = reading.parse(data, lambda text: canonical.load(Steps, text), place=place).steps
    paths = {step.path for step in steps}
    sources = {step.source for step in steps} - {"", _FILES, _BETWEEN}
    if problems := list(tree.find_unportable(paths | sources)):
        hint = f"remove {path.parent}, then import the newest bundle again"
        what = f"{problems[0].place} {problems[0].what}"
        raise NotVerified(Problem(place=place, what=what, hint=hint))
    return steps
