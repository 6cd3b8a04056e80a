"""
The layout in which a job hands over its wheels: ``builds`` writes it, ``bundle`` reads it.

Each job class builds its own copy of a wheel that runs everywhere, and a bundle holds one: the
copies are below ``shared/<job class>``, beside the wheels for one platform. Beside each wheel is a
note, ``NAME.whl.json``: how long its build took and what it fetched. A note that is missing or
damaged means that nothing is known, because no wheel is accepted or refused by it.
"""

import dataclasses
from pathlib import Path
from typing import Final

from matrix.distributions.wheel import runs_everywhere
from matrix.documents import rows
from matrix.documents.fields import Digest, Size
from matrix.errors import MatrixError

SCHEMA: Final = 1
_SHARED: Final = "shared"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FetchedFile:
    """A file that an unlocked build fetched from the index."""

    filename: str
    sha256: Digest


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BuildNote:
    """What the record says about the build of a wheel."""

    seconds: Size = 0
    """How long it took; 0 when unknown."""
    fetched: tuple[FetchedFile, ...] = ()


NO_NOTE: Final = BuildNote()


def output_path(out: Path, filename: str, job_class: str) -> Path:
    """The path below ``out`` of a wheel of that name that a job of a class has built."""
    return (out / _SHARED / job_class if runs_everywhere(filename) else out) / filename


def job_class_of(wheel: Path) -> str:
    """The job class that has built and tested a shared wheel; empty when unknown."""
    return wheel.parent.name if wheel.parent.parent.name == _SHARED else ""


def describe_wheel(wheel: Path) -> str:
    """
    The words for a wheel in messages.

    >>> describe_wheel(Path("wheels/shared/win-amd64-cibw4/six-1.17-py3-none-any.whl"))
    'six-1.17-py3-none-any.whl of win-amd64-cibw4'
    """
    job_class = job_class_of(wheel)
    return f"{wheel.name} of {job_class}" if job_class else wheel.name


def note_path(wheel: Path) -> Path:
    """The path of the note of ``wheel``."""
    return wheel.with_name(f"{wheel.name}.json")


def render_note(note: BuildNote) -> str:
    """The text of a note."""
    return rows.dump(note, schema=SCHEMA)


def read_note(wheel: Path) -> BuildNote:
    """The note of ``wheel``; one without facts when it is missing or damaged."""
    path = note_path(wheel)
    try:
        return rows.parse(
            path.read_bytes(),
            BuildNote,
            schema=SCHEMA,
            source=path.name,
            error=MatrixError,
            hint="",
        )
    except (OSError, MatrixError):
        return NO_NOTE
