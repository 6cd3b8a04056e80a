"""The host that builds run on: its system, architecture and Python."""

import dataclasses
import platform
import sys
from pathlib import Path
from typing import Final

from matrix.configurations.inputs import parse_platform
from matrix.plan.model import JobClass
from matrix.targets.processor import can_build, normalize_processor

_SYSTEMS: Final = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A system, an architecture, and the Python that makes the lanes' environments."""

    system: str
    arch: str
    python: Path

    @classmethod
    def detect(cls) -> "Host":
        """The host that runs this process."""
        return cls(
            system=_SYSTEMS.get(platform.system(), platform.system().lower()),
            arch=normalize_processor(platform.machine()),
            python=Path(sys.executable),
        )

    def find_obstacle(self, job_class: JobClass) -> str:
        """The reason why jobs of ``job_class`` cannot run on this host; empty when they can."""
        if job_class.system != self.system:
            return f"needs a {job_class.system} runner"
        wanted = class_arch(job_class)
        if not can_build(wanted, system=self.system, processor=self.arch):
            return f"needs a {job_class.system} runner with {wanted}"
        return ""


def class_arch(job_class: JobClass) -> str:
    """The architecture of a job class in the words of Linux platform tags."""
    return normalize_processor(parse_platform(job_class.system, job_class.platform).machine)
