"""
Every lane's own cibuildwheel on this machine, asked what it makes of our configuration.

Windows and macOS builds cannot run here. What can is everything in front of the build: its option
parser, its selection of identifiers, its reading of the environment.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matrix.configurations.configuration import Configuration
from matrix.edge import files
from matrix.edge.programs import Finished, run

# cibuildwheel filters the identifiers of macOS by the machine and version that ask: 10.15 is the
# last on which 1.12.0 builds for CPython 3.5 and PyPy.
_DRIVER: Final = """\
import importlib, json, os, pathlib, platform, sys

machine, system, mode, *arguments = sys.argv[1:]
platform.machine = lambda: machine
platform.mac_ver = lambda *_, **__: ("10.15.7", ("", "", ""), machine)
sys.argv = ["cibuildwheel", *arguments]
if mode == "list":
    sys.argv.append("--print-build-identifiers")
import cibuildwheel.__main__ as program

def found(*names):
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise SystemExit(f"none of {names}")

place = found(f"cibuildwheel.platforms.{system}", f"cibuildwheel.{system}")
prepare = found("cibuildwheel.util.helpers", "cibuildwheel.util").prepare_command

def told(options):
    command = options.test_command or ""
    if isinstance(command, list):
        command = " && ".join(command)
    project = os.getcwd()
    environment = options.environment.as_dictionary(dict(os.environ))
    return {
        "test": prepare(command, project=project, package=options.package_dir) if command else "",
        "environment": environment,
        "package": str(options.package_dir),
        "before_all": str(options.before_all or ""),
        "before_build": prepare(options.before_build or "", project=project, package=""),
        "repair": str(options.repair_command or ""),
    }

def build(options, tmp_path=None):
    if hasattr(options, "build_options"):
        selector = options.globals.build_selector
        architectures = options.globals.architectures
        configurations = place.get_python_configurations(selector, architectures)
        seen = {c.identifier: told(options.build_options(c.identifier)) for c in configurations}
    else:
        configurations = place.get_python_configurations(
            options.build_selector, options.architectures
        )
        seen = {c.identifier: told(options) for c in configurations}
    print("\\nTOLD " + json.dumps(seen))
    raise SystemExit(0)

if mode == "told":
    place.build = build
program.main()
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LaneParser:
    """One lane's Python, and a machine of its choice."""

    python: Path
    environment: Mapping[str, str]

    def identifiers(
        self, told: Configuration, work: Path, *, machine: str, system: str
    ) -> list[str]:
        """The build identifiers that the lane would build, sorted."""
        answer = self._ask(told, work, "list", machine=machine, system=system)
        assert answer.succeeded, answer.output
        return sorted(line for line in answer.output.split() if line)

    def options(
        self, told: Configuration, work: Path, *, machine: str, system: str
    ) -> dict[str, Any]:
        """What each build would be told, by identifier."""
        answer = self._ask(told, work, "told", machine=machine, system=system)
        marked = [line for line in answer.output.splitlines() if line.startswith("TOLD ")]
        assert marked, answer.output
        loaded: dict[str, Any] = json.loads(marked[0].removeprefix("TOLD "))
        return loaded

    def _ask(
        self, told: Configuration, work: Path, mode: str, *, machine: str, system: str
    ) -> Finished:
        for path, text in {**told.text_by_path, **told.test_text_by_path}.items():
            files.write(work / path, text)
        files.write(work / told.package / "setup.py", "")
        driver = work / "driver.py"
        files.write(driver, _DRIVER)
        command: Sequence[str] = [
            *(str(self.python), str(driver), machine, system, mode),
            *(*told.arguments, str(told.package)),
        ]
        environment = {**self.environment, **told.variables}
        return run(command, environment=environment, directory=work, timeout=60)
