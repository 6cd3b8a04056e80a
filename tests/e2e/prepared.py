"""
A Python for the pipelines' jobs whose virtual environments are made already.

Each job makes one and installs this tool with its requirements, which takes 20 seconds each time.
Here ``python3 -I -m venv`` copies one that has the requirements. The job installs the rest, as the
pipeline says: the tool, and requirements for which the lock names another release.
"""

import hashlib
import os
import shutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.edge.programs import run

from .flow import ROOT

_SHIM: Final = """\
#!/bin/sh
if [ "$#" = 5 ] && [ "$1 $2 $3 $4" = "-I -m venv --clear" ]; then
  rm -rf "$5"
  exec cp -a '{made}' "$5"
fi
exec '{python}' "$@"
"""


def python(directory: Path, environment: Mapping[str, str]) -> Path:
    """The directory with ``python3`` in it; made below ``directory`` when it is not there yet."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements: Sequence[str] = project["dependencies"]
    named = "\n".join([sys.version, sys.base_prefix, _SHIM, *requirements])
    place = directory / f"python-{hashlib.sha256(named.encode()).hexdigest()[:12]}"
    if not place.is_dir():
        _make(place, requirements, environment)
    return place / "bin"


def _make(place: Path, requirements: Sequence[str], environment: Mapping[str, str]) -> None:
    temporary = place.with_name(f"{place.name}.{os.getpid()}.part")
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        _succeed([str(base), "-m", "venv", str(temporary / "made")], environment)
        install = [str(temporary / "made/bin/python"), "-m", "pip", "install", "--quiet"]
        _succeed([*install, *requirements], environment)
        (temporary / "bin").mkdir()
        shim = temporary / "bin/python3"
        shim.write_text(_SHIM.format(made=place / "made", python=base), encoding="utf-8")
        shim.chmod(0o755)
        (temporary / "bin/python").symlink_to("python3")
        temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def tool_wheel(directory: Path, environment: Mapping[str, str]) -> Path:
    """A wheel of this tool as it is in the checkout, put into ``directory``."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    _succeed([*command, "--wheel-dir", str(directory), str(ROOT)], environment)
    return next(directory.glob("wheelyard-*.whl"))


def _succeed(command: list[str], environment: Mapping[str, str]) -> None:
    finished = run(command, environment=environment, timeout=300)
    assert finished.succeeded, finished.output
