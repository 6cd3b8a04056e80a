"""
Container engines: whether one is here, and the shim between it and 1.12.0.

A client without its daemon is no engine.
"""

import dataclasses
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.configurations.script_files import read_script
from matrix.edge import files, programs

ANSWER_SECONDS: Final = 60.0
"""The time limit of a command that does no work, such as asking a program for its version."""
RUN_LABEL: Final = "wheelyard.run"


class Unequipped(ValueError):
    """The reason why this host cannot run a build, and a hint."""

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(reason)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A container engine that answers."""

    program: str
    environment: Mapping[str, str]
    label: str = ""
    """The label of the containers that it creates, by which a later run finds them."""

    @property
    def name(self) -> str:
        """The name of the program."""
        return Path(self.program).name

    def without(self, *names: str) -> "Engine":
        """The same engine, started without some variables."""
        variables = {name: text for name, text in self.environment.items() if name not in names}
        return dataclasses.replace(self, environment=variables)

    def add(self, variables: Mapping[str, str]) -> "Engine":
        """The same engine, started with ``variables`` as well."""
        return dataclasses.replace(self, environment={**self.environment, **variables})

    def label_run(self, work: Path) -> "Engine":
        """The same engine, whose containers belong to the run that has the directory ``work``."""
        return dataclasses.replace(self, label=f"{RUN_LABEL}={work.name}")

    @classmethod
    def find(cls, name: str, *, environment: Mapping[str, str]) -> "Engine":
        """The engine called ``name`` on the environment's PATH; raises ``Unequipped``."""
        program = shutil.which(name, path=environment.get("PATH", ""))
        if program is None:
            raise Unequipped(f"{name} is not installed", f"install {name} and run this again")
        engine = cls(program=program, environment=environment)
        answer = engine.run("version", seconds=ANSWER_SECONDS)
        if not answer.succeeded:
            raise Unequipped(f"{name} does not work: {last_line(answer.output)}", f"{name} version")
        return engine

    def run(
        self, *arguments: str, seconds: float, say: Callable[[str], None] | None = None
    ) -> programs.Finished:
        """Run one command of the engine."""
        command = [self.program, *arguments]
        return programs.run(command, environment=self.environment, timeout=seconds, say=say)

    def remove(self, label: str) -> int:
        """Kill and remove every container that carries ``label``; return how many there were."""
        arguments = ("ps", "--all", "--quiet", "--filter", f"label={label}")
        left = self.run(*arguments, seconds=ANSWER_SECONDS)
        containers = left.output.split() if left.succeeded else []
        if containers:
            # Removing alone would first ask each to end, and wait for longer than a service that
            # cancels a job does.
            self.run("kill", *containers, seconds=ANSWER_SECONDS)
            self.run("rm", "--force", *containers, seconds=ANSWER_SECONDS)
        return len(containers)


def write_shim(directory: Path) -> None:
    """Make ``directory/docker`` the program that stands between 1.12.0 and the engine."""
    shim = directory / "docker"
    files.write(shim, read_script("docker_shim.sh", room="builds"))
    shim.chmod(0o755)


def shim_variables(program: str, create_args: Sequence[str]) -> dict[str, str]:
    """The variables that the shim reads: the engine, and the arguments of created containers."""
    return {"WHEELYARD_CREATE_ARGS": shlex.join(create_args), "WHEELYARD_ENGINE": program}


def last_line(output: str) -> str:
    """The last line that says anything."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
