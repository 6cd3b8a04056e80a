"""
Containers of our own: none gets a proxy or a credential, and none outlives its block.

podman hands the proxies of its caller to every container, docker those of its settings; with their
passwords they would reach foreign code.
"""

import contextlib
import secrets
import threading
from collections.abc import Iterator, Sequence

from matrix.builds.engine import ANSWER_SECONDS, Engine, Unequipped, last_line
from matrix.builds.environment import PROXIES
from matrix.edge.programs import Finished


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
    create = ("create", f"--name={name}", *isolation_args(engine.name), *options, image, *command)
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
