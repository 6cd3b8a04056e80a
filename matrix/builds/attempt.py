"""
One build: a checked sdist goes in, wheels that answer its targets come out.

It runs in a directory of its own, which is the working directory that cibuildwheel copies into its
containers: the sdist below ``src``, our configuration, scripts, smoke test and the wheels that it
is given beside it. The directory vanishes afterwards; the log stays.
"""

import contextlib
import dataclasses
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.builds import durations, failure, pure, shared, surroundings
from matrix.builds import engine as engines
from matrix.builds.answers import answers
from matrix.builds.causes import Cause
from matrix.builds.configuration import (
    CERTIFICATES,
    OUT,
    Configuration,
    before_all,
    configuration,
    label,
)
from matrix.builds.engine import Engine, Unequipped
from matrix.builds.failure import NotBuilt
from matrix.builds.lane_environment import lane_python
from matrix.builds.narrowing import narrowed
from matrix.builds.offering import WHEELS
from matrix.builds.options import reads_toml
from matrix.builds.prepared import prepared
from matrix.builds.retrying import retrying
from matrix.builds.run import Run
from matrix.builds.stock import WHEELHOUSE
from matrix.builds.surroundings import scrubbed
from matrix.builds.workshop import Workshop, equip
from matrix.distributions import sdist as sdists
from matrix.distributions.sdist import InvalidSdist
from matrix.edge import files, programs
from matrix.edge.programs import Finished
from matrix.errors import BuildFailed, NotEquipped, Problem
from matrix.plan.model import Job

_MINUTE: Final = 60.0


def build_one(run: Run, *, sdist: Path, out: Path, workshop: Workshop) -> tuple[Path, ...]:
    """
    Build ``sdist``, and return its wheels, which are in ``out``, or where shared ones are in it.

    Raises ``NotEquipped`` where ``can_build`` says no, and ``NotBuilt`` with the cause and the
    lines of the log that tell it; what did not answer from outside gets another try.
    """
    environment = scrubbed(
        workshop.environment, network=run.manifest.network, lane=run.job_class.lane
    )

    def attempt() -> tuple[Path, ...]:
        try:
            engine = equip(run.job_class, environment, workshop)
            return _either(run, engine, environment, sdist=sdist, out=out, workshop=workshop)
        except Unequipped as error:
            problem = Problem(place=run.job.id, what=error.reason, hint=error.hint)
            raise NotEquipped(problem) from error

    return retrying(attempt, what=run.place, reporter=workshop.reporter)


def _either(
    run: Run,
    engine: Engine | None,
    environment: Mapping[str, str],
    *,
    sdist: Path,
    out: Path,
    workshop: Workshop,
) -> tuple[Path, ...]:
    try:
        return _attempt(run, engine, environment, sdist=sdist, out=out, workshop=workshop)
    except NotBuilt as error:
        if error.failure.cause is not Cause.PURE or run.build.is_pure:
            raise
    workshop.reporter.say(f"{run.build.label} makes a wheel that runs everywhere: building it so")
    certain = dataclasses.replace(run, build=dataclasses.replace(run.build, is_pure=True))
    return _attempt(certain, engine, environment, sdist=sdist, out=out, workshop=workshop)


def _attempt(
    run: Run,
    engine: Engine | None,
    environment: Mapping[str, str],
    *,
    sdist: Path,
    out: Path,
    workshop: Workshop,
) -> tuple[Path, ...]:
    with _directory(workshop.cache, run.job) as work:
        source = _unpack(run, sdist, work)
        told = configuration(
            run.build,
            run.job_class,
            targets=run.targets,
            recipe=run.recipe,
            environment=environment,
            work=work,
            source=source,
            offered=run.offered,
            stock=run.stock,
            prepared=_prepared(run, engine, environment, workshop),
        )
        _furnish(work, told, run, environment)
        if engine is not None and not reads_toml(run.job_class):
            shims = work / "shims"
            engines.write_shim(shims, program=engine.program, extra=told.container)
            environment = {**environment, "PATH": f"{shims}:{environment.get('PATH', '')}"}
        with _containers(engine, label(work.name), seconds=_limit(run, workshop)):
            finished = _run(run, told, environment, workshop)
        _refuse_failure(run, told, finished, workshop)
        if run.build.is_pure:
            _own(work / OUT, run)
        wheels = answers((work / OUT).glob("*.whl"), run.build, run.targets, place=run.place)
        kept = tuple(
            _keep(wheel, shared.place(out, wheel.name, run.job.job_class)) for wheel in wheels
        )
    for wheel in kept:
        durations.note(wheel, max(1, round(finished.seconds / len(kept))))
    return kept


def _prepared(
    run: Run, engine: Engine | None, environment: Mapping[str, str], workshop: Workshop
) -> str:
    """An image with the recipe's system packages, where the build itself needs no network."""
    script = before_all(run.job_class.system, run.recipe)
    if engine is None or not script or not run.stock.is_complete:
        return ""
    return prepared(
        engine,
        run.job_class.image,
        script,
        place=run.place,
        project=run.build.project,
        carried=surroundings.carried(environment),
        log=_log(run, workshop),
        reporter=workshop.reporter,
    )


@contextlib.contextmanager
def _directory(cache: Path, job: Job) -> Iterator[Path]:
    parent = cache / "work"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        # cibuildwheel tells where the package is relative to its working directory with links
        # resolved.
        work = Path(tempfile.mkdtemp(prefix=f"{job.id}.", dir=parent)).resolve()
    except OSError as error:
        raise files.write_error(parent, error) from error
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


def _limit(run: Run, workshop: Workshop) -> float:
    return run.recipe.timeout * _MINUTE or workshop.seconds


def _unpack(run: Run, sdist: Path, work: Path) -> PurePosixPath:
    try:
        source = sdists.unpack(sdist, work / "src")
    except InvalidSdist as error:
        raise BuildFailed(Problem(place=run.place, what=f"{sdist.name}: {error}")) from error
    return PurePosixPath(source.relative_to(work).as_posix())


def _furnish(work: Path, told: Configuration, run: Run, environment: Mapping[str, str]) -> None:
    for path, text in told.files.items():
        files.write(work / path, text)
    for wheel in run.offered.wheels:
        _keep(wheel, work / WHEELS / wheel.name)
    for wheel in run.stock.wheels:
        _keep(wheel, work / WHEELHOUSE / wheel.name)
    certificates = environment.get("PIP_CERT")
    if certificates:
        with files.reading(Path(certificates)) as stream:
            files.write(work / CERTIFICATES, stream.read())


def _run(
    run: Run,
    told: Configuration,
    environment: Mapping[str, str],
    workshop: Workshop,
) -> Finished:
    python = lane_python(
        run.job_class.lane,
        machine=workshop.machine,
        cache=workshop.cache,
        environment=environment,
        reporter=workshop.reporter,
    )
    identifiers = ", ".join(run.build.identifiers)
    workshop.reporter.say(f"building {run.build.label} for {identifiers}")
    command = [str(python), "-I", "-m", "cibuildwheel", *told.arguments, str(told.package)]
    return programs.run(
        command,
        environment={**environment, **told.variables},
        directory=told.directory,
        timeout=_limit(run, workshop),
        say=workshop.reporter.detail,
    )


def _own(out: Path, run: Run) -> None:
    """Give carried wheels their own names, and the Python that has tested them."""
    pure.unwrap(out)
    majors = {target.python.major for target in run.targets}
    if len(majors) == 1:
        for wheel in sorted(out.glob("*.whl")):
            narrowed(wheel, major=min(majors))


def _refuse_failure(run: Run, told: Configuration, finished: Finished, workshop: Workshop) -> None:
    """Keep the log, and raise ``NotBuilt`` unless the build succeeded."""
    log = _log(run, workshop)
    files.write(log, finished.output)
    if finished.succeeded:
        failure.beside(log).unlink(missing_ok=True)
        return
    error = failure.build_failed(
        run.place,
        finished,
        log=log,
        project=run.build.project,
        is_isolated="--network=none" in told.container,
    )
    failure.write(log, error.failure)
    raise error


def _log(run: Run, workshop: Workshop) -> Path:
    return workshop.logs / f"{run.job.id}.{run.build.project}-{run.build.version}.log"


def _keep(wheel: Path, kept: Path) -> Path:
    files.copy(wheel, kept, sha256=files.digest(wheel))
    return kept
