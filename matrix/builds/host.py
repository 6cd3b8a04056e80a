"""The host that builds run on: its system, architecture and Python."""

import dataclasses
import platform
import sys
from pathlib import Path
from typing import Final

from matrix.configurations.inputs import parse_platform
from matrix.plan.model import JobClass

_SYSTEMS: Final = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}
# Answers of platform.machine(), in the words of platform tags.
_ARCHES: Final = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "x86": "i686"}
# A second architecture that a host runs at full speed, or through Rosetta, as cibuildwheel does for
# its tests.
_ALSO_RUNS: Final = {
    ("linux", "x86_64"): "i686",
    ("windows", "x86_64"): "i686",
    ("macos", "aarch64"): "x86_64",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A system, an architecture, and the Python that makes the lanes' environments."""

    system: str
    arch: str
    python: Path

    @classmethod
    def detect(cls) -> "Host":
        """The host that runs this process."""
        machine = platform.machine().lower()
        return cls(
            system=_SYSTEMS.get(platform.system(), platform.system().lower()),
            arch=_ARCHES.get(machine, machine),
            python=Path(sys.executable),
        )

    def find_obstacle(self, job_class: JobClass) -> str:
        """The reason why jobs of ``job_class`` cannot run on this host; empty when they can."""
        if job_class.system != self.system:
            return f"needs a {job_class.system} runner"
        wanted = class_arch(job_class)
        if wanted == "universal2":
            return ""  # the compilers of any Mac make both halves
        if wanted not in {self.arch, _ALSO_RUNS.get((self.system, self.arch))}:
            return f"needs a {job_class.system} runner with {wanted}"
        return ""


def class_arch(job_class: JobClass) -> str:
    """The architecture of a job class in the words of Linux platform tags."""
    machine = parse_platform(job_class.system, job_class.platform).machine.lower()
    return _ARCHES.get(machine, machine)
