"""
The wheels of a directory of artifacts, one directory for each job and attempt.

A job uploads what it has built as ``wheels-JOB.ATTEMPT``, also when it failed. Of several attempts
the newest file of a name counts. What belongs to no job of the plan, such as a job of an earlier
attempt whose plan was another, is left out and named. A directory without such directories holds
the wheels themselves.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

PREFIX: Final = "wheels-"
REUSED: Final = "reused"
"""The directory of the wheels that ``store fetch`` has fetched."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JobWheels:
    """Wheels to read, and the names of what was left out."""

    paths: tuple[Path, ...]
    ignored: tuple[str, ...] = ()


def name_artifact(job: str, attempt: int) -> str:
    """
    The artifact of a job's wheels.

    >>> name_artifact("win-amd64-cibw4.0a", 2)
    'wheels-win-amd64-cibw4.0a.2'
    """
    return f"{PREFIX}{job}.{attempt}"


def parse_artifact(name: str) -> tuple[str, int] | None:
    """
    Invert ``name_artifact``; None for another name.

    >>> parse_artifact("wheels-win-amd64-cibw4.0a.2")
    ('win-amd64-cibw4.0a', 2)
    """
    job, dot, attempt = name.removeprefix(PREFIX).rpartition(".")
    is_number = attempt.isascii() and attempt.isdigit() and len(attempt) < 10  # noqa: PLR2004
    if not (name.startswith(PREFIX) and dot and job and is_number):
        return None
    return job, int(attempt)


def find_wheels(directory: Path, jobs: Iterable[str]) -> JobWheels:
    """The wheels below ``directory`` that one of ``jobs`` built, each of its highest attempt."""
    children = sorted(directory.iterdir()) if directory.is_dir() else []
    artifacts = {
        path: parsed
        for path in children
        if path.is_dir() and (parsed := parse_artifact(path.name)) is not None
    }
    if not artifacts:
        own = [path for path in directory.rglob("*.whl") if not _is_reused(path, directory)]
        return JobWheels(paths=tuple(sorted(own)))
    planned = frozenset(jobs)
    path_by_place: dict[tuple[str, PurePosixPath], Path] = {}
    for path, (job, _) in sorted(artifacts.items(), key=lambda item: (item[1][1], item[0])):
        if job in planned:
            for wheel in sorted(path.rglob("*.whl")):
                path_by_place[job, _locate_inside(wheel, path)] = wheel
    ignored = [
        path.name
        for path in children
        if path.name != REUSED and (path not in artifacts or artifacts[path][0] not in planned)
    ]
    return JobWheels(paths=tuple(sorted(path_by_place.values())), ignored=tuple(ignored))


def _is_reused(wheel: Path, directory: Path) -> bool:
    return wheel.relative_to(directory).parts[0] == REUSED


def _locate_inside(wheel: Path, artifact: Path) -> PurePosixPath:
    """The path of a wheel below the directory that its artifact has inside."""
    inner = PurePosixPath(wheel.relative_to(artifact).as_posix())
    # One version of the action that downloads gives each artifact a directory, another does not.
    is_twice = len(inner.parts) > 1 and inner.parts[0] == artifact.name
    return PurePosixPath(*inner.parts[1:]) if is_twice else inner


def locate_wheel(wheel: Path, directory: Path) -> tuple[str, str]:
    """
    The artifact that holds a wheel below ``directory``, and the path in it.

    An artifact holds a directory of its own name, because GitHub unpacks a single one without any.
    """
    first, *rest = wheel.relative_to(directory).parts
    if rest and parse_artifact(first) is not None:
        return first, f"{first}/{_locate_inside(wheel, directory / first)}"
    return "", "/".join((first, *rest))
