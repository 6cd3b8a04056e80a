"""What real interpreters say of themselves, as far as this machine has any."""

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# pip before 20.0 computed tags by itself; it knows no floor that has a number.
_ASK = """\
import json
from pip._vendor.packaging.markers import default_environment
try:
    from pip._internal.utils.compatibility_tags import get_supported
except ImportError:
    from pip._internal.pep425tags import get_supported
tags = [tag if hasattr(tag, "abi") else "-".join(tag) for tag in get_supported()]
print(json.dumps([dict(default_environment()), [str(tag) for tag in tags]]))
"""

MEASURED = {"platform_release", "platform_version"}
"""Markers of the running kernel: nobody's target."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Markers and ordered tags, as an interpreter's own pip or another tool has them."""

    environment: Mapping[str, str]
    tags: Sequence[str]

    @property
    def python(self) -> str:
        """As a manifest writes it; nothing here is free-threaded."""
        full = self.environment["python_full_version"]
        if self.environment["platform_python_implementation"] == "PyPy":
            return f"pypy-{self.environment['implementation_version']}-{full}"
        return full

    def has_floors(self) -> bool:
        return any("-manylinux_2_" in tag for tag in self.tags)


def cpythons() -> list[Path]:
    """pyenv's and the distribution's own; none of them is required."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [*home.glob("versions/[23].*/bin/python"), Path("/usr/bin/python3")]
    return sorted(path for path in found if path.exists())


def pypy() -> Path | None:
    """The distribution's PyPy."""
    found = shutil.which("pypy3")
    return Path(found) if found else None


def bundled_pip() -> Path | None:
    """A pip of 2022 or newer that some CPython carries, as a wheel."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    carried = home.glob("versions/3.*/lib/python3.*/ensurepip/_bundled/pip-2[2-5].*.whl")
    return next(iter(sorted(carried)), None)


def ask(python: Path, *, pip: Path | None = None) -> Told | None:
    """What ``python`` says through its pip, or through the wheel ``pip``; None without any."""
    environment = {**os.environ, **({"PYTHONPATH": str(pip)} if pip else {})}
    ran = subprocess.run(
        [python, "-c", _ASK], capture_output=True, text=True, env=environment, check=False
    )
    if "No module named" in ran.stderr:
        return None
    assert ran.returncode == 0, ran.stderr
    markers, tags = json.loads(ran.stdout)
    return Told(environment=markers, tags=tags)


def ask_pex(python: Path) -> Told:
    """What ``pex3`` prints for ``python``: its form of what we call a target."""
    command = ["pex3", "interpreter", "inspect", "--markers", "--tags", "--python", str(python)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: Mapping[str, Any] = json.loads(ran.stdout)
    return Told(environment=found["marker_environment"], tags=found["compatible_tags"])


def without_measured(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in MEASURED}


def digest(tags: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(tags).encode()).hexdigest()
