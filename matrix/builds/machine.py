"""What this machine is, as far as a build must know."""

import dataclasses
import platform
import sys
from pathlib import Path
from typing import Final

from matrix.plan.model import JobClass
from matrix.targets.platform_tag import Family, PlatformTag

_SYSTEMS: Final = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}
# What platform.machine() says, in the words of platform tags.
_ARCHES: Final = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "x86": "i686"}
# What runs elsewhere at its own speed, or through Rosetta, which cibuildwheel uses for its tests.
_ALSO_RUNS: Final = {
    ("linux", "x86_64"): "i686",
    ("windows", "x86_64"): "i686",
    ("macos", "aarch64"): "x86_64",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A system, an architecture, and the Python that makes the lanes' environments."""

    system: str
    arch: str
    python: Path

    @classmethod
    def here(cls) -> "Machine":
        """The machine that runs this."""
        machine = platform.machine().lower()
        return cls(
            system=_SYSTEMS.get(platform.system(), platform.system().lower()),
            arch=_ARCHES.get(machine, machine),
            python=Path(sys.executable),
        )

    def obstacle(self, job_class: JobClass) -> str:
        """Why jobs of ``job_class`` are not for this machine; empty when they are."""
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
    machine = class_tag(job_class).machine.lower()
    return _ARCHES.get(machine, machine)


def class_tag(job_class: JobClass) -> PlatformTag:
    """The family and architecture of a job class; its floor is none."""
    if job_class.system == "windows":
        return PlatformTag.parse(job_class.platform)
    family, _, arch = job_class.platform.partition("_")
    return PlatformTag(family=Family(family), floor=(0, 0), arch=arch)
