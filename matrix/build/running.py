"""
Run one job: checked sdists go in, wheels that answer its targets come out.

Every build of a job is a run of cibuildwheel of its own, in a directory of its own, which is the
working directory that cibuildwheel copies into its containers: the sdist below ``src``, our
configuration, scripts, smoke test and the wheels that it is given beside it. It vanishes
afterwards; the log stays.
"""

import contextlib
import dataclasses
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.utils import canonicalize_name

from matrix.build import durations
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
from matrix.build.offering import WHEELS, Offered, offered
from matrix.build.sequence import in_order, place_of
from matrix.build.surroundings import scrubbed
from matrix.distributions import sdist as sdists
from matrix.distributions.sdist import InvalidSdist
from matrix.edge import files, programs
from matrix.edge.progress import Reporter
from matrix.errors import BuildFailed, NotEquipped, Problem
from matrix.manifest.model import Manifest
from matrix.plan.model import Build, Job, JobClass, Plan
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
    job: Job,
    *,
    plan: Plan,
    manifest: Manifest,
    sdist: Callable[[Build], Path],
    out: Path,
    workshop: Workshop,
    carried: Sequence[Path] = (),
) -> tuple[Path, ...]:
    """
    Run every build of ``job`` in order, and return the wheels in ``out``.

    ``sdist`` finds what to build, its digest checked; ``carried`` are wheels from elsewhere, for
    builds that need them. Raises ``NotEquipped`` where ``can_build`` says no, and ``BuildFailed``
    with the lines of the log that tell why; what succeeded is in ``out`` then, too.
    """

    def make(one: Build, made: Sequence[Path]) -> tuple[Path, ...]:
        given = offered(one, made=made, carried=carried, plan=plan, place=job.id)
        run = Run(build=one, job=job, plan=plan, manifest=manifest, offered=given)
        return build_one(run, sdist=sdist(one), out=out, workshop=workshop)

    return in_order(job, make)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One build of a job, with all that it follows from."""

    build: Build
    job: Job
    plan: Plan
    manifest: Manifest
    offered: Offered

    @property
    def job_class(self) -> JobClass:
        return self.plan.class_of(self.job)

    @property
    def targets(self) -> tuple[Target, ...]:
        return targets_of(self.build, self.plan)

    @property
    def place(self) -> str:
        return place_of(self.build, self.job)


def targets_of(build: Build, plan: Plan) -> tuple[Target, ...]:
    """The targets that ``build`` serves."""
    return tuple(
        Target.parse(target.python, target.platform)
        for target in plan.targets
        if target.id in build.targets
    )


def build_one(run: Run, *, sdist: Path, out: Path, workshop: Workshop) -> tuple[Path, ...]:
    """Build ``sdist``, and return its wheels in ``out``; raises what ``build`` does."""
    environment = scrubbed(workshop.environment, network=run.manifest.network)
    try:
        engine = _equip(run.job_class, environment, workshop)
    except Unequipped as error:
        problem = Problem(place=run.job.id, what=error.reason, hint=error.hint)
        raise NotEquipped(problem) from error
    with _directory(workshop.cache, run.job) as work:
        source = _unpack(run, sdist, work)
        told = configuration(
            run.build,
            run.job_class,
            targets=run.targets,
            recipe=run.manifest.recipe(canonicalize_name(run.build.project)),
            environment=environment,
            offered=run.offered,
            work=work,
        )
        _furnish(work, told, run.offered, environment)
        if engine is not None and not reads_toml(run.job_class):
            shims = work / "shims"
            engines.write_shim(shims, program=engine.program, extra=told.container)
            environment = {**environment, "PATH": f"{shims}:{environment.get('PATH', '')}"}
        with _containers(engine, label(work.name), seconds=workshop.seconds):
            seconds = _run(run, told, source, environment, workshop)
        wheels = answers((work / OUT).glob("*.whl"), run.build, run.targets, place=run.place)
        kept = tuple(_keep(wheel, out) for wheel in wheels)
    for wheel in kept:
        durations.note(wheel, max(1, round(seconds / len(kept))))
    return kept


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


def _unpack(run: Run, sdist: Path, work: Path) -> PurePosixPath:
    try:
        source = sdists.unpack(sdist, work / "src")
    except InvalidSdist as error:
        raise BuildFailed(Problem(place=run.place, what=f"{sdist.name}: {error}")) from error
    return PurePosixPath(source.relative_to(work).as_posix())


def _furnish(
    work: Path, told: Configuration, given: Offered, environment: Mapping[str, str]
) -> None:
    for path, text in told.files.items():
        files.write(work / path, text)
    for wheel in given.wheels:
        _keep(wheel, work / WHEELS)
    certificates = environment.get("PIP_CERT")
    if certificates:
        with files.reading(Path(certificates)) as stream:
            files.write(work / CERTIFICATES, stream.read())


def _run(
    run: Run,
    told: Configuration,
    source: PurePosixPath,
    environment: Mapping[str, str],
    workshop: Workshop,
) -> float:
    """Run cibuildwheel, and return how many seconds it took."""
    python = lane_python(
        run.job_class.lane,
        machine=workshop.machine,
        cache=workshop.cache,
        environment=environment,
        reporter=workshop.reporter,
    )
    identifiers = ", ".join(run.build.identifiers)
    workshop.reporter.say(f"building {run.build.label} for {identifiers}")
    command = [str(python), "-I", "-m", "cibuildwheel", *told.arguments, str(source)]
    finished = programs.run(
        command,
        environment={**environment, **told.variables},
        directory=told.directory,
        timeout=workshop.seconds,
        say=workshop.reporter.detail,
    )
    log = workshop.logs / f"{run.job.id}.{run.build.project}-{run.build.version}.log"
    files.write(log, finished.output)
    if not finished.succeeded:
        raise build_failed(run.place, finished, log=log)
    return finished.seconds


def _keep(wheel: Path, out: Path) -> Path:
    kept = out / wheel.name
    files.copy(wheel, kept, sha256=files.digest(wheel))
    return kept
