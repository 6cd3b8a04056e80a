"""
Images in which a recipe's system packages are installed already.

Installing them is the one step of a build that needs a network. Done before, and kept as an image,
it lets cibuildwheel's own container have none. Such an image follows from the base image and the
script alone, is named after both, and is made once on a machine.

Only podman's and docker's common commands are used. The script runs by ``exec``, because what
``run`` is told of an environment (the address of an index may hold a password) stays in an image.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from matrix.builds import failure
from matrix.builds.containers import create_container, require
from matrix.builds.engine import ANSWER_SECONDS, Engine, Unequipped, last_line
from matrix.builds.environment import CONTAINER_VARIABLES, select_container_variables
from matrix.builds.failure import classify_failure, wrap_failure
from matrix.edge import files
from matrix.edge.programs import Finished
from matrix.edge.progress import Reporter

REPOSITORY: Final = "localhost/wheelyard/prepared"
LABEL: Final = "wheelyard.prepared"
DAYS: Final = 30
"""After which a prepared image is removed when another one is made."""

SECONDS: Final = 1800.0
_SECONDS_TO_COMMIT: Final = 600.0
# A container whose owner was killed must end by itself.
_LIFETIME: Final = "7200"
# What cibuildwheel announces before the same step, by which a failure is read.
_STEP: Final = "Running before_all..."


def prepare_image(
    engine: Engine,
    image: str,
    script: str,
    *,
    place: str,
    project: str = "",
    environment: Mapping[str, str] | None = None,
    log: Path,
    reporter: Reporter,
    seconds: float = SECONDS,
) -> str:
    """
    The name of the image that ``script``, a POSIX shell script, makes of ``image``.

    Of ``environment`` the script sees proxies and pip's settings, without any password. Raises
    ``NotBuilt``, its output in ``log``, when the script fails, and ``Unequipped`` when the engine
    does.
    """
    prepared = name_image(engine, image, script)
    if engine.run("image", "inspect", prepared, seconds=ANSWER_SECONDS).succeeded:
        return prepared
    reporter.say(f"installing system packages into {image}")
    variables, changes = select_container_variables(environment or {})
    for change in changes:
        reporter.say(f"installing system packages: {change}")
    with create_container(engine, image, ("sleep", _LIFETIME)) as container:
        require(engine.run("start", container, seconds=ANSWER_SECONDS), engine, image)
        options = [f"--env={variable}" for variable in variables]
        command = ["exec", *options, container, "/bin/sh", "-euc", script]
        done = engine.without(*CONTAINER_VARIABLES).add(variables).run(*command, seconds=seconds)
        if not done.succeeded:
            raise _report_failure(done, place=place, project=project, log=log)
        _commit(engine, image, container, prepared)
    # Old ones belong to recipes and images that have changed since.
    prune_images(engine, days=DAYS)
    return prepared


def name_image(engine: Engine, image: str, script: str) -> str:
    """The name of the image prepared from ``image`` by ``script``."""
    identity = _inspect(engine, image, "{{.Id}}").strip()
    digest = hashlib.sha256(f"{identity}\n{script}".encode()).hexdigest()
    return f"{REPOSITORY}:{digest}"


def prune_images(engine: Engine, *, days: int) -> None:
    """Remove the prepared images that are older than ``days`` and that no container uses."""
    filters = (f"--filter=label={LABEL}", f"--filter=until={days * 24}h")
    engine.run("image", "prune", "--all", "--force", *filters, seconds=_SECONDS_TO_COMMIT)


def _commit(engine: Engine, image: str, container: str, prepared: str) -> None:
    # The container's own command must not become the image's.
    command = json.loads(_inspect(engine, image, "{{json .Config.Cmd}}") or "null") or []
    changes = (f"--change=CMD {json.dumps(command)}", f"--change=LABEL {LABEL}=1")
    done = engine.run("commit", *changes, container, prepared, seconds=_SECONDS_TO_COMMIT)
    if not done.succeeded:
        reason = f"{image} with its system packages cannot be committed: {last_line(done.output)}"
        raise Unequipped(reason, f"{engine.name} system df")


def _inspect(engine: Engine, image: str, template: str) -> str:
    answer = engine.run("image", "inspect", "--format", template, image, seconds=ANSWER_SECONDS)
    if not answer.succeeded:
        raise Unequipped(f"image {image} not found", f"{engine.name} pull {image}")
    return answer.output


def _report_failure(done: Finished, *, place: str, project: str, log: Path) -> failure.NotBuilt:
    output = f"{_STEP}\n{done.output}"
    files.write(log, output)
    reason = classify_failure(
        Finished(command=done.command, status=done.status, output=output), project=project
    )
    failure.write_note(log, reason)
    return wrap_failure(place, reason, log=log)
