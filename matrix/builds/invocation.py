"""
Invoke cibuildwheel for one build: from a checked sdist to wheels that serve the build's targets.

cibuildwheel runs in a directory of its own, which it copies into its containers: the sdist below
``src``, and beside it our configuration, scripts, smoke test and the wheels that the build may
install. The directory is removed afterwards; the log stays.
"""

import contextlib
import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.builds import failure, pure
from matrix.builds.causes import Cause
from matrix.builds.containers import isolation_args, remove_afterwards, remove_dead_runs
from matrix.builds.door_server import open_door
from matrix.builds.engine import RUN_LABEL, Engine, Unequipped, shim_variables, write_shim
from matrix.builds.environment import (
    drop_passwords,
    isolate_environment,
    scrub_environment,
)
from matrix.builds.failure import Failure, NotBuilt
from matrix.builds.images import SECONDS, prepare_image
from matrix.builds.lane_install import install_lane
from matrix.builds.outputs import check_outputs
from matrix.builds.retagging import add_build_tag, retag_wheel
from matrix.builds.retry import retry
from matrix.builds.task import Task
from matrix.builds.wheelhouse import describe_file
from matrix.builds.workspace import Workspace, find_engine, find_work, make_work_directory
from matrix.configurations.configuration import (
    CERTIFICATES,
    OUT,
    Configuration,
    Placement,
    configure_build,
    render_before_all,
)
from matrix.configurations.pip_settings import PREREQUISITES, WHEELHOUSE
from matrix.distributions import sdist as sdists
from matrix.distributions.sdist import InvalidSdist
from matrix.edge import files, programs
from matrix.edge.programs import Finished
from matrix.errors import BuildFailed, NotEquipped, Problem
from matrix.plan import handover
from matrix.plan.handover import BuildNote

_MINUTE: Final = 60.0
_LEAST_SECONDS: Final = 60.0
"""A build is not started when its job has less time left."""


def run_build(task: Task, *, sdist: Path, out: Path, workspace: Workspace) -> tuple[Path, ...]:
    """
    Build ``sdist``, and return its wheels at their paths below ``out``.

    Raises ``NotEquipped`` where ``check_availability`` gives a reason, and ``NotBuilt`` with the
    cause and the lines of the log that show it. After a retryable failure it tries again.
    """
    environment = scrub_environment(
        workspace.environment, network=task.manifest.network, lane=task.job_class.lane
    )

    def attempt() -> tuple[Path, ...]:
        try:
            engine = find_engine(task.job_class, environment, workspace)
            return _build_native_or_pure(
                task, engine, environment, sdist=sdist, out=out, workspace=workspace
            )
        except Unequipped as error:
            problem = Problem(place=task.job.id, what=error.reason, hint=error.hint)
            raise NotEquipped(problem) from error

    return retry(attempt, what=task.place, reporter=workspace.reporter)


def _build_native_or_pure(
    task: Task,
    engine: Engine | None,
    environment: Mapping[str, str],
    *,
    sdist: Path,
    out: Path,
    workspace: Workspace,
) -> tuple[Path, ...]:
    _refuse_late(task, workspace)
    try:
        return _build(task, engine, environment, sdist=sdist, out=out, workspace=workspace)
    except NotBuilt as error:
        if error.failure.cause is not Cause.PURE or task.build.is_pure:
            raise
    workspace.reporter.say(
        f"{task.build.label} makes a pure wheel: building it through the carrier"
    )
    certain = dataclasses.replace(task, build=dataclasses.replace(task.build, is_pure=True))
    return _build(certain, engine, environment, sdist=sdist, out=out, workspace=workspace)


def _build(
    task: Task,
    engine: Engine | None,
    environment: Mapping[str, str],
    *,
    sdist: Path,
    out: Path,
    workspace: Workspace,
) -> tuple[Path, ...]:
    if engine is not None:
        remove_dead_runs(engine, find_work(workspace.cache), reporter=workspace.reporter)
    with contextlib.ExitStack() as stack:
        work = stack.enter_context(make_work_directory(workspace.cache, prefix=task.job.id))
        engine = engine and engine.label_run(work)
        image = _prepare_image(task, engine, environment, workspace)
        index = None if _is_closed(task, engine) else workspace.index
        opened = stack.enter_context(open_door(index, engine, task.job_class.image))
        source = _unpack(task, sdist, work)
        placement = dataclasses.replace(
            _place(task, engine, environment, work=work, source=source),
            image=image,
            network=opened.network,
            index=opened.address,
        )
        configuration = configure_build(task.inputs, placement)
        _write_inputs(work, configuration, task, environment)
        variables = _choose_variables(task, engine, environment, configuration, work, workspace)
        with remove_afterwards(engine, placement.label, seconds=_find_limit(task, workspace)):
            finished = _run_cibuildwheel(
                task, configuration, environment, workspace, work=work, variables=variables
            )
        _refuse_failure(task, configuration, finished, workspace)
        if task.build.is_pure:
            _restore_names(work / OUT, task)
        if number := task.recipe.build:
            for wheel in sorted((work / OUT).glob("*.whl")):
                add_build_tag(wheel, number=number)
        wheels = check_outputs(
            (work / OUT).glob("*.whl"), task.build, task.targets, place=task.place
        )
        copies = tuple(
            _copy_wheel(wheel, handover.output_path(out, wheel.name, task.job.job_class))
            for wheel in wheels
        )
    seconds = max(1, round(finished.seconds / len(copies)))
    note = BuildNote(seconds=seconds, fetched=opened.door.fetched if opened.door else ())
    for wheel in copies:
        files.write(handover.note_path(wheel), handover.render_note(note))
    return copies


def _is_closed(task: Task, engine: Engine | None) -> bool:
    """Whether a build needs no index: a locked one in a container."""
    return engine is not None and task.wheelhouse.is_complete


def _choose_variables(
    task: Task,
    engine: Engine | None,
    environment: Mapping[str, str],
    configuration: Configuration,
    work: Path,
    workspace: Workspace,
) -> dict[str, str]:
    """The environment of cibuildwheel, and on hosts without containers of the build."""
    variables, dropped = isolate_environment(environment, has_containers=engine is not None)
    for name in dropped:
        workspace.reporter.say(f"{name} holds a password: builds do not get it")
    if engine is not None and not task.inputs.lane.reads_toml:
        shims = work / "shims"
        write_shim(shims)
        variables |= shim_variables(engine.program, configuration.create_args)
        variables["PATH"] = f"{shims}:{environment.get('PATH', '')}"
    return {**variables, **configuration.variables}


def _place(
    task: Task,
    engine: Engine | None,
    environment: Mapping[str, str],
    *,
    work: Path,
    source: PurePosixPath,
) -> Placement:
    return Placement(
        work=work,
        source=source,
        label=f"{RUN_LABEL}={work.name}",
        engine=engine.name if engine else "",
        create_args=isolation_args(engine.name) if engine else (),
        links=drop_passwords(environment.get("PIP_FIND_LINKS", "")),
        has_certificates="PIP_CERT" in environment,
        prerequisites=tuple(map(describe_file, task.prerequisites)),
    )


def _prepare_image(
    task: Task, engine: Engine | None, environment: Mapping[str, str], workspace: Workspace
) -> str:
    """An image with the recipe's system packages, because the build itself gets no network."""
    script = render_before_all(task.job_class.system, task.recipe)
    if engine is None or not script:
        return ""
    return prepare_image(
        engine,
        task.job_class.image,
        script,
        place=task.place,
        project=task.build.project,
        environment=environment,
        log=_log_path(task, workspace),
        reporter=workspace.reporter,
        seconds=min(SECONDS, _find_limit(task, workspace)),
    )


def _find_limit(task: Task, workspace: Workspace) -> float:
    """The seconds that a build may take: its recipe's, and no more than its job has left."""
    left = workspace.deadline - time.monotonic()
    return max(0.1, min(task.recipe.timeout * _MINUTE or workspace.seconds, left))


def _refuse_late(task: Task, workspace: Workspace) -> None:
    """Raise ``NotBuilt`` when the time of the job is over: what it has built must be kept."""
    if time.monotonic() + _LEAST_SECONDS < workspace.deadline:
        return
    reason = Failure(
        cause=Cause.TIMEOUT,
        what="not started, because the time of this job is over",
        hint="run the job again, or raise `timeout` of its runner",
    )
    log = _log_path(task, workspace)
    files.write(log, f"{reason.what}\n")
    failure.write_note(log, reason)
    raise failure.wrap_failure(task.place, reason, log=log)


def _unpack(task: Task, sdist: Path, work: Path) -> PurePosixPath:
    try:
        source = sdists.unpack(sdist, work / "src")
    except InvalidSdist as error:
        raise BuildFailed(Problem(place=task.place, what=f"{sdist.name}: {error}")) from error
    return PurePosixPath(source.relative_to(work).as_posix())


def _write_inputs(
    work: Path, configuration: Configuration, task: Task, environment: Mapping[str, str]
) -> None:
    for path, text in {**configuration.text_by_path, **configuration.test_text_by_path}.items():
        files.write(work / path, text)
    for wheel in task.prerequisites:
        _copy_wheel(wheel, work / PREREQUISITES / wheel.name)
    for wheel in task.wheelhouse.wheels:
        _copy_wheel(wheel, work / WHEELHOUSE / wheel.name)
    certificates = environment.get("PIP_CERT")
    if certificates:
        with files.reading(Path(certificates)) as stream:
            files.write(work / CERTIFICATES, stream.read())


def _run_cibuildwheel(
    task: Task,
    configuration: Configuration,
    environment: Mapping[str, str],
    workspace: Workspace,
    *,
    work: Path,
    variables: Mapping[str, str],
) -> Finished:
    python = install_lane(
        task.job_class.lane,
        host=workspace.host,
        cache=workspace.cache,
        environment=environment,
        reporter=workspace.reporter,
    )
    identifiers = ", ".join(task.build.identifiers)
    workspace.reporter.say(f"building {task.build.label} for {identifiers}")
    command = [
        str(python),
        "-I",
        "-m",
        "cibuildwheel",
        *configuration.arguments,
        str(configuration.package),
    ]
    with files.writing_lines(_log_path(task, workspace)) as write_line:

        def say(line: str) -> None:
            # A service that cancels the job may leave no time to write the log later.
            write_line(line)
            workspace.reporter.detail(line)

        return programs.run(
            command,
            environment=variables,
            directory=work,
            timeout=_find_limit(task, workspace),
            say=say,
        )


def _restore_names(out: Path, task: Task) -> None:
    """Unwrap pure wheels, and retag them for the one major version that has tested them."""
    pure.unwrap_wheels(out)
    majors = {target.python.major for target in task.targets}
    if len(majors) == 1:
        for wheel in sorted(out.glob("*.whl")):
            retag_wheel(wheel, major=min(majors))


def _refuse_failure(
    task: Task, configuration: Configuration, finished: Finished, workspace: Workspace
) -> None:
    """Write the log, and raise ``NotBuilt`` unless the build succeeded."""
    log = _log_path(task, workspace)
    files.write(log, finished.output)
    if finished.succeeded:
        failure.note_path(log).unlink(missing_ok=True)
        return
    error = failure.build_error(
        task.place,
        finished,
        log=log,
        project=task.build.project,
        is_isolated="--network=none" in configuration.create_args,
    )
    failure.write_note(log, error.failure)
    raise error


def _log_path(task: Task, workspace: Workspace) -> Path:
    return workspace.logs / f"{task.job.id}.{task.build.project}-{task.build.version}.log"


def _copy_wheel(wheel: Path, copy: Path) -> Path:
    files.copy(wheel, copy, sha256=files.digest(wheel))
    return copy
