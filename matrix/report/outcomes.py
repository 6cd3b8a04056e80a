"""What became of a plan's builds, from the wheels and the logs that their jobs have kept."""

import dataclasses
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from matrix.builds.failure import Failure, read_note
from matrix.plan.model import Build, Job, Plan

Result = Literal["built", "failed", "not built"]

_ATTEMPT: Final = re.compile(r"(?:wheels|logs)-(?P<job>.+)\.(?P<attempt>[0-9]{1,9})")
_NOTE: Final = ".log.json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Outcome:
    """One build of the plan, and how it ended in the newest attempt of its job."""

    job: str
    project: str
    version: str
    targets: tuple[str, ...]
    result: Result
    what: str = ""
    lines: tuple[str, ...] = ()
    hint: str = ""
    log: str = ""
    """Where the log is: an artifact and a file in it."""


def read_outcomes(plan: Plan, directory: Path) -> tuple[Outcome, ...]:
    """
    Return one outcome a build, sorted; ``directory`` holds jobs' directories or artifacts.

    A build without wheel and without failure was stopped, or its job never started.
    """
    paths = sorted(_walk(directory))
    failures = _find_failures(paths, directory)
    wheels = _find_wheels(paths, directory, {job.id for job in plan.jobs})
    return tuple(
        sorted(
            _judge(job, build, failures, wheels.get((job.id, build.project, build.version), 0))
            for job in plan.jobs
            for build in job.builds
        )
    )


def _walk(directory: Path) -> Iterator[Path]:
    """Yield every file; not those of hidden directories, such as git's own and the job's Python."""
    for parent, directories, names in os.walk(directory):
        directories[:] = [name for name in directories if not name.startswith(".")]
        yield from (Path(parent, name) for name in names)


def list_failed(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Return those that ended without a wheel."""
    return tuple(outcome for outcome in outcomes if outcome.result != "built")


def _judge(
    job: Job, build: Build, failures: Mapping[str, tuple[int, Path]], wheel_attempt: int
) -> Outcome:
    name = f"{job.id}.{build.project}-{build.version}"
    attempt, path = failures.get(name, (0, None))
    outcome = Outcome(
        job=job.id,
        project=build.project,
        version=build.version,
        targets=build.targets,
        result="built",
    )
    if path is not None and attempt >= wheel_attempt:
        failure = read_note(path)
        return _add_failure(outcome, failure, path)
    if not wheel_attempt:
        what = "its job ended before it, or never started"
        return dataclasses.replace(outcome, result="not built", what=what)
    return outcome


def _add_failure(outcome: Outcome, failure: Failure, path: Path) -> Outcome:
    file = path.name.removesuffix(".json")
    artifact = next((part for part in path.parts[::-1] if part.startswith("logs-")), "")
    return dataclasses.replace(
        outcome,
        result="failed",
        what=failure.what,
        lines=failure.lines,
        hint=failure.hint,
        log=f"{file} in the artifact {artifact}" if artifact else file,
    )


def _find_failures(paths: Iterable[Path], directory: Path) -> dict[str, tuple[int, Path]]:
    """Return the newest attempt of each log that has a failure, by the log's stem."""
    newest: dict[str, tuple[int, Path]] = {}
    for path in paths:
        if path.name.endswith(_NOTE):
            stem, attempt = path.name.removesuffix(_NOTE), _read_place(path, directory)[1]
            newest[stem] = max(newest.get(stem, (0, path)), (attempt, path))
    return newest


def _find_wheels(
    paths: Iterable[Path], directory: Path, jobs: Iterable[str]
) -> dict[tuple[str, str, str], int]:
    """Return the newest attempt that has a wheel, by job, project and version."""
    newest: dict[tuple[str, str, str], int] = {}
    names = frozenset(jobs)
    for path in paths:
        try:
            project, version, *_ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        job, attempt = _read_place(path, directory)
        places = {job, *path.relative_to(directory).parts} & names
        for key in itertools.product(places, {project}, {str(version)}):
            newest[key] = max(newest.get(key, 0), attempt)
    return newest


def _read_place(path: Path, directory: Path) -> tuple[str, int]:
    """Return the job and the attempt of a file's artifact; without one, no job and the first."""
    parts = path.relative_to(directory).parts[:-1]
    for match in filter(None, map(_ATTEMPT.fullmatch, parts)):
        return match["job"], int(match["attempt"])
    return "", 1


def list_lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield a line for each build without a wheel."""
    for outcome in list_failed(outcomes):
        yield f"{outcome.project} {outcome.version} ({outcome.job}): {outcome.what}"
