"""
sdists that make a wheel which runs everywhere: built once, without cibuildwheel, which refuses
them.

The directory of a run is the same as for cibuildwheel, and so are the container's arguments: source
below ``src``, wheels to install beside it, no network where the stock is complete. The wheel is
built by the newest interpreter of the job and tested on each of them.
"""

import contextlib
import dataclasses
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.utils import NormalizedName

from matrix.build import pure_driver, smoke
from matrix.build.engine import Engine, Unequipped, last_line
from matrix.build.machine import Machine
from matrix.edge import files, programs
from matrix.edge.programs import Finished
from matrix.edge.progress import Reporter
from matrix.manifest.model import Recipe

OUT: Final = PurePosixPath("out")
NOT_PURE: Final = pure_driver.NOT_PURE
_DRIVER: Final = PurePosixPath("pure/pure.py")
_SMOKE: Final = PurePosixPath("smoke/smoke.py")
_IN_CONTAINER: Final = PurePosixPath("/project")
_SECONDS_TO_ANSWER: Final = 60.0
_SECONDS_TO_COPY: Final = 600.0
_IDENTIFIER: Final = re.compile(r"(?P<kind>[a-z]+)(?P<major>\d)(?P<minor>\d+)(?P<rest>\w*)")
# The directories of /opt/python carry an ABI that tells more than the identifier does.
_ABI: Final = {"cp27": "cp27mu", "cp35": "cp35m", "cp36": "cp36m", "cp37": "cp37m"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A pure build in ``work``, the furnished directory of a run."""

    project: NormalizedName
    work: Path
    source: PurePosixPath
    identifiers: tuple[str, ...]
    recipe: Recipe


def in_container(
    task: Task,
    *,
    engine: Engine,
    image: str,
    arguments: Sequence[str],
    reporter: Reporter,
    seconds: float,
) -> Finished:
    """
    Build and test in a new container of ``image``, created with ``arguments``; the wheel is then in
    ``work/out``. A status of ``NOT_PURE`` means that it was not made because it would not be pure.
    """
    newest_first = sorted(task.identifiers, key=age, reverse=True)
    patterns = [f"/opt/python/{directory(name)}/bin/python" for name in newest_first]
    _furnish(task, patterns)
    # The interpreter's directory may be a pattern, which only a shell in the container can read.
    start = (
        f'for python in {patterns[0]}; do [ -x "$python" ] && exec "$python" '
        f"{_IN_CONTAINER / _DRIVER}; done; "
        f"echo 'expected an interpreter at {patterns[0]}, got none'; exit 1"
    )
    with container(engine, image, [*arguments], ["/bin/sh", "-c", start]) as name:
        copy = ("cp", f"{task.work}/.", f"{name}:{_IN_CONTAINER}")
        copied = engine.run(*copy, seconds=_SECONDS_TO_COPY)
        if not copied.succeeded:
            return copied
        done = engine.run("start", "--attach", name, seconds=seconds, say=reporter.detail)
        if done.succeeded:
            fetch = ("cp", f"{name}:{_IN_CONTAINER / OUT}/.", str(task.work / OUT))
            (task.work / OUT).mkdir(exist_ok=True)
            fetched = engine.run(*fetch, seconds=_SECONDS_TO_COPY)
            return dataclasses.replace(
                fetched, output=done.output + fetched.output, seconds=done.seconds
            )
    return done


def on_machine(
    task: Task,
    *,
    machine: Machine,
    environment: Mapping[str, str],
    reporter: Reporter,
    seconds: float,
) -> Finished:
    """
    The same without a container, where there are none: built and tested by ``machine``'s Python.
    """
    _furnish(task, [machine.python.as_posix()])
    command = [str(machine.python), "-I", str(task.work / _DRIVER)]
    return programs.run(
        command,
        environment=environment,
        directory=task.work,
        timeout=seconds,
        say=reporter.detail,
    )


def directory(identifier: str) -> str:
    """
    The directory below ``/opt/python`` of a build identifier's interpreter, maybe as a pattern.

    >>> directory("cp36-manylinux_x86_64"), directory("cp314t-musllinux_aarch64")
    ('cp36-cp36m', 'cp314t-cp314t')
    >>> directory("pp311-manylinux_x86_64")
    'pp311-*'
    """
    interpreter = identifier.partition("-")[0]
    if not interpreter.startswith("cp"):
        # pp311-pypy311_pp73, _pp80: the ABI changes with PyPy's releases.
        return f"{interpreter}-*"
    return f"{interpreter}-{_ABI.get(interpreter, interpreter)}"


def age(identifier: str) -> tuple[bool, bool, int, int]:
    """Where the interpreter of a build identifier stands among those to build with; best last."""
    found = _IDENTIFIER.match(identifier)
    if found is None:
        return (False, False, 0, 0)
    # The wheel is the same, the tools not: the interpreter that most others build with.
    return found["kind"] == "cp", not found["rest"], int(found["major"]), int(found["minor"])


def _furnish(task: Task, patterns: Sequence[str]) -> None:
    test = task.recipe.test
    asked = pure_driver.settings(
        source=task.source,
        out=OUT,
        interpreters=patterns,
        config_settings=task.recipe.config_settings,
        requires=test.requires,
    )
    # The clean environments have no pip of their own: what the test requires is put there before.
    beside = smoke.settings(task.project, dataclasses.replace(test, requires=()))
    files.write(task.work / _DRIVER, pure_driver.SCRIPT)
    files.write(task.work / _DRIVER.with_suffix(".json"), asked)
    files.write(task.work / _SMOKE, smoke.SCRIPT)
    files.write(task.work / _SMOKE.with_suffix(".json"), beside)


@contextlib.contextmanager
def container(
    engine: Engine, image: str, arguments: Sequence[str], command: Sequence[str]
) -> Iterator[str]:
    """Yield the name of a new container, which is removed in the end; raises ``Unequipped``."""
    name = f"wheel-matrix-{secrets.token_hex(8)}"
    create = ("create", f"--name={name}", "--workdir=/", *arguments, image, *command)
    try:
        created = engine.run(*create, seconds=_SECONDS_TO_ANSWER)
        if not created.succeeded:
            reason = f"{image} does not start: {last_line(created.output)}"
            raise Unequipped(reason, f"{engine.name} run --rm {image} true")
        yield name
    finally:
        engine.run("rm", "--force", name, seconds=_SECONDS_TO_ANSWER)
