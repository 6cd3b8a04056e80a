"""
Wheels that run everywhere: each job class builds them for itself, and a bundle holds one.

So they lie below ``shared/<job class>``, beside the wheels for one platform. Collecting takes one
of them, and compares: what each class has tested must be what is taken.
"""

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from matrix.distributions.wheel import Wheel, runs_everywhere
from matrix.edge import files

_SHARED: Final = "shared"


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


def compare_wheels(taken: tuple[Path, Wheel], tested: tuple[Path, Wheel]) -> Iterator[str]:
    """
    What is not the same in two builds of a pure wheel: members, and ``Requires-Dist``.

    The ends of lines are the system's, and ``.dist-info`` is worded by the backend's version.
    """
    ours, theirs = _members(taken[0]), _members(tested[0])
    yield from sorted(
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    )
    if set(taken[1].metadata.requires_dist) != set(tested[1].metadata.requires_dist):
        yield "Requires-Dist"


def _members(path: Path) -> Mapping[str, str]:
    with files.reading(path) as stream, zipfile.ZipFile(stream) as archive:
        return {
            name: hashlib.sha256(archive.read(name).replace(b"\r\n", b"\n")).hexdigest()
            for name in archive.namelist()
            if ".dist-info/" not in name and not name.endswith("/")
        }
