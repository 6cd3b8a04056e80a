"""
Pure wheels that a job builds to test them, while another class hands over the one for the bundle.

They travel with the job's wheels, below ``trials/<job class>``, and say that the tests succeeded
there. Whoever collects compares the two, for what was tested must be what is handed over.
"""

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from matrix.distributions.wheel import Wheel
from matrix.edge import files
from matrix.plan.model import Build, Job

_TRIALS: Final = "trials"


def place(out: Path, build: Build, job: Job) -> Path:
    """The directory below ``out`` for what ``build`` makes."""
    return out / _TRIALS / job.job_class if build.handed_by else out


def is_trial(wheel: Path) -> bool:
    """Whether ``wheel`` lies where trials do."""
    return wheel.parent.parent.name == _TRIALS


def job_class(trial: Path) -> str:
    """The id of the class that has built and tested it."""
    return trial.parent.name


def differences(handed: tuple[Path, Wheel], tried: tuple[Path, Wheel]) -> Iterator[str]:
    """
    What is not the same in two builds of a pure wheel: members, and ``Requires-Dist``.

    The ends of lines are the system's, and ``.dist-info`` is worded by the backend's version.
    """
    ours, theirs = _members(handed[0]), _members(tried[0])
    yield from sorted(
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    )
    if set(handed[1].metadata.requires_dist) != set(tried[1].metadata.requires_dist):
        yield "Requires-Dist"


def _members(path: Path) -> Mapping[str, str]:
    with files.reading(path) as stream, zipfile.ZipFile(stream) as archive:
        return {
            name: hashlib.sha256(archive.read(name).replace(b"\r\n", b"\n")).hexdigest()
            for name in archive.namelist()
            if ".dist-info/" not in name and not name.endswith("/")
        }
