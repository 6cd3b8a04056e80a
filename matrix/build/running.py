"""
Run one job: a checked sdist goes in, wheels that answer the job's targets come out.

Everything happens in a directory of the run's own, which is the working directory that cibuildwheel
copies into its containers: the sdist below ``src``, our configuration, scripts and smoke test
beside it. It vanishes afterwards; the log stays.
"""

import contextlib
import dataclasses
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.utils import canonicalize_name

from matrix.build import engine as engines
from matrix.build.answers import answers
from matrix.build.configuration import (
    CERTIFICATES,
    OUT,
    Configuration,
    configuration,
    label,
    reads_toml,
)
from matrix.build.engine import Engine, Unequipped
from matrix.build.failure import build_failed
from matrix.build.lane_environment import lane_python
from matrix.build.machine import Machine
from matrix.build.surroundings import scrubbed
from matrix.distributions import sdist as sdists
from matrix.distributions.sdist import InvalidSdist
from matrix.edge import files, programs
from matrix.edge.progress import Reporter
from matrix.errors import BuildFailed, NotEquipped, Problem
from matrix.manifest.model import Manifest
from matrix.plan.model import Job, JobClass, Plan
from matrix.targets.target import Target

HOURS: Final = 3600.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether a machine can run jobs of a class; ``reason`` says why not."""

    reason: str = ""
    hint: str = ""

    @property
    def is_available(self) -> bool:
        return not self.reason


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where builds happen: a machine, its environment, and directories that outlive a job."""

    machine: Machine
    environment: Mapping[str, str]
    cache: Path
    logs: Path
    reporter: Reporter
    seconds: float = 2 * HOURS


def can_build(job_class: JobClass, *, manifest: Manifest, workshop: Workshop) -> Availability:
    """Whether jobs of ``job_class`` can run here; a missing image is pulled to find out."""
    environment = scrubbed(workshop.environment, network=manifest.network)
    try:
        _equip(job_class, environment, workshop)
    except Unequipped as error:
        return Availability(reason=error.reason, hint=error.hint)
    return Availability()


def build(
    job: Job, *, plan: Plan, manifest: Manifest, sdist: Path, out: Path, workshop: Workshop
) -> tuple[Path, ...]:
    """
    Build ``job`` from ``sdist``, whose digest was checked, and return its wheels in ``out``.

    Raises ``NotEquipped`` where ``can_build`` says no, and ``BuildFailed`` with the lines of the
    log that tell why.
    """
    job_class = next(found for found in plan.classes if found.id == job.job_class)
    targets = tuple(
        Target.parse(target.python, target.platform)
        for target in plan.targets
        if target.id in job.targets
    )
    environment = scrubbed(workshop.environment, network=manifest.network)
    try:
        engine = _equip(job_class, environment, workshop)
    except Unequipped as error:
        raise NotEquipped(Problem(place=job.id, what=error.reason, hint=error.hint)) from error
    with _directory(workshop.cache, job) as work:
        source = _unpack(job, sdist, work)
        told = configuration(
            job,
            job_class,
            targets=targets,
            recipe=manifest.recipe(canonicalize_name(job.project)),
            environment=environment,
            work=work,
        )
        _furnish(work, told, environment)
        if engine is not None and not reads_toml(job_class):
            shims = work / "shims"
            engines.write_shim(shims, program=engine.program, extra=told.container)
            environment = {**environment, "PATH": f"{shims}:{environment.get('PATH', '')}"}
        with _containers(engine, label(work.name), seconds=workshop.seconds):
            _run(job, job_class, told, source, environment, workshop)
        wheels = answers((work / OUT).glob("*.whl"), job, targets)
        return tuple(_keep(wheel, out) for wheel in wheels)


def _equip(
    job_class: JobClass, environment: Mapping[str, str], workshop: Workshop
) -> Engine | None:
    obstacle = workshop.machine.obstacle(job_class)
    if obstacle:
        raise Unequipped(obstacle)
    if job_class.system != "linux":
        return None
    return engines.equip(job_class, environment=environment, reporter=workshop.reporter)


@contextlib.contextmanager
def _directory(cache: Path, job: Job) -> Iterator[Path]:
    parent = cache / "work"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        # cibuildwheel tells where the package is relative to its working directory with links
        # resolved.
        work = Path(tempfile.mkdtemp(prefix=f"{job.id}.", dir=parent)).resolve()
    except OSError as error:
        raise files.refused(parent, error) from error
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _containers(engine: Engine | None, label: str, *, seconds: float) -> Iterator[None]:
    """Let no container outlive the block, or run longer than it may."""
    if engine is None:
        yield
        return
    # Whoever ends cibuildwheel leaves its container at work, with our end of the pipe in its hand:
    # then only its removal ends the wait.
    timer = threading.Timer(seconds + 1, engine.remove, args=(label,))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        engine.remove(label)


def _unpack(job: Job, sdist: Path, work: Path) -> PurePosixPath:
    try:
        source = sdists.unpack(sdist, work / "src")
    except InvalidSdist as error:
        raise BuildFailed(Problem(place=job.id, what=f"{sdist.name}: {error}")) from error
    return PurePosixPath(source.relative_to(work).as_posix())


def _furnish(work: Path, told: Configuration, environment: Mapping[str, str]) -> None:
    for path, text in told.files.items():
        files.write(work / path, text)
    certificates = environment.get("PIP_CERT")
    if certificates:
        with files.reading(Path(certificates)) as stream:
            files.write(work / CERTIFICATES, stream.read())


def _run(
    job: Job,
    job_class: JobClass,
    told: Configuration,
    source: PurePosixPath,
    environment: Mapping[str, str],
    workshop: Workshop,
) -> None:
    python = lane_python(
        job_class.lane,
        machine=workshop.machine,
        cache=workshop.cache,
        environment=environment,
        reporter=workshop.reporter,
    )
    identifiers = ", ".join(job.identifiers)
    workshop.reporter.say(f"building {job.project} {job.version} for {identifiers}")
    command = [str(python), "-I", "-m", "cibuildwheel", *told.arguments, str(source)]
    finished = programs.run(
        command,
        environment={**environment, **told.variables},
        directory=told.directory,
        timeout=workshop.seconds,
        say=workshop.reporter.detail,
    )
    log = workshop.logs / f"{job.id}.log"
    files.write(log, finished.output)
    if not finished.succeeded:
        raise build_failed(job.id, finished, log=log)


def _keep(wheel: Path, out: Path) -> Path:
    kept = out / wheel.name
    files.copy(wheel, kept, sha256=files.digest(wheel))
    return kept
