"""The interpreters of runners: those that run this program and cibuildwheel there."""

from collections.abc import Iterable
from typing import Final

from matrix.builds.host import class_arch
from matrix.plan.model import JobClass
from matrix.targets.target import Target

HOST_PYTHONS: Final = ("3.11.4", "3.12.0", "3.13.0", "3.14.0")
_PLATFORMS: Final = {
    "linux": "manylinux_2_17_{arch}",
    "windows": "win_{arch}",
    "macos": "macosx_11_0_{arch}",
}
_ARCHES: Final = {
    ("windows", "x86_64"): "amd64",
    ("windows", "aarch64"): "arm64",
    ("macos", "aarch64"): "arm64",
    ("macos", "universal2"): "arm64",
}


def find_host_platform(job_class: JobClass) -> str:
    """Return the platform of the runners of a job class."""
    arch = class_arch(job_class)
    if job_class.system != "macos" and arch == "i686":
        arch = "x86_64"
    name = _ARCHES.get((job_class.system, arch), arch)
    return _PLATFORMS[job_class.system].format(arch=name)


def list_hosts(classes: Iterable[JobClass]) -> tuple[Target, ...]:
    """Return the interpreters that runners of ``classes`` may have, sorted."""
    platforms = {find_host_platform(job_class) for job_class in classes}
    return tuple(
        sorted(Target.parse(python, name) for python in HOST_PYTHONS for name in platforms)
    )
