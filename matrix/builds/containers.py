"""
Containers of our own: none gets a proxy or a credential, and none outlives its block.

podman hands the proxies of its caller to every container, docker those of its settings; with their
passwords they would reach foreign code.
"""

import contextlib
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from matrix.builds.engine import ANSWER_SECONDS, RUN_LABEL, Engine, Unequipped, last_line
from matrix.builds.environment import PROXIES
from matrix.edge import locks, scratch
from matrix.edge.programs import Finished
from matrix.edge.progress import Reporter
from matrix.errors import NotWritten


def isolation_args(engine_name: str) -> tuple[str, ...]:
    """The arguments that keep the host's proxies out of a new container."""
    if engine_name == "docker":
        return tuple(f"--env={proxy}=" for proxy in PROXIES)
    return ("--http-proxy=false",)


@contextlib.contextmanager
def create_container(
    engine: Engine, image: str, command: Sequence[str], *, options: Sequence[str] = ()
) -> Iterator[str]:
    """
    Yield the name of a new container, and remove it in the end; raises ``Unequipped``.

    The container is created, not started.
    """
    name = f"wheelyard-{secrets.token_hex(8)}"
    quiet = engine.without(*PROXIES)
    labels = (f"--label={engine.label}",) if engine.label else ()
    arguments = (*isolation_args(engine.name), *labels, *options)
    create = ("create", f"--name={name}", *arguments, image, *command)
    try:
        require(quiet.run(*create, seconds=ANSWER_SECONDS), engine, image)
        yield name
    finally:
        # Removing alone would first ask it to end, and wait: sleep does not listen.
        for arguments in (("kill", name), ("rm", "--force", name)):
            engine.run(*arguments, seconds=ANSWER_SECONDS)


def require(finished: Finished, engine: Engine, image: str) -> None:
    """Raise ``Unequipped`` unless a container of ``image`` was created or started."""
    if not finished.succeeded:
        reason = f"{image} does not start: {last_line(finished.output)}"
        raise Unequipped(reason, f"{engine.name} run --rm {image} true")


def remove_dead_runs(engine: Engine, work: Path, *, reporter: Reporter) -> None:
    """
    Remove the containers of runs that were killed: a run that lives holds a lock below ``work``.
    """
    for lock in sorted(work.glob(f"*{scratch.LOCK}")):
        name = lock.name.removesuffix(scratch.LOCK)
        with contextlib.suppress(locks.Locked, NotWritten), locks.hold(lock):
            if count := engine.remove(f"{RUN_LABEL}={name}"):
                reporter.say(f"removed {count} containers of {name}, a build that was killed")


@contextlib.contextmanager
def remove_afterwards(engine: Engine | None, label: str, *, seconds: float) -> Iterator[None]:
    """Remove the containers with ``label`` after the block, or after ``seconds``."""
    if engine is None:
        yield
        return
    # A container outlives its cibuildwheel and holds our end of the pipe open: only the removal of
    # the container ends the wait.
    timer = threading.Timer(seconds + 1, engine.remove, args=(label,))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        engine.remove(label)
