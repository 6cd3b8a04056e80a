"""Processors of machines, and whose wheels each can build without emulation."""

from typing import Final

from matrix.targets.platform_tag import Family, PlatformTag

SYSTEM_BY_FAMILY: Final = {
    Family.MANYLINUX: "linux",
    Family.MUSLLINUX: "linux",
    Family.WINDOWS: "windows",
    Family.MACOS: "macos",
}
# Answers of platform.machine(), in the words of platform tags.
_NAMES: Final = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "x86": "i686"}
# A second architecture that a host runs at full speed, or through Rosetta, as cibuildwheel does for
# its tests.
_ALSO_RUNS: Final = {
    ("linux", "x86_64"): "i686",
    ("windows", "x86_64"): "i686",
    ("macos", "aarch64"): "x86_64",
}


def normalize_processor(machine: str) -> str:
    """
    The processor of ``machine`` in the words of Linux platform tags.

    >>> normalize_processor("AMD64"), normalize_processor("arm64")
    ('x86_64', 'aarch64')
    """
    return _NAMES.get(machine.lower(), machine.lower())


def can_build(wanted: str, *, system: str, processor: str) -> bool:
    """Whether a machine with ``processor`` builds wheels for the processor ``wanted``."""
    if wanted == "universal2":
        return True  # the compilers of any Mac make both halves
    return wanted in {processor, _ALSO_RUNS.get((system, processor))}


def find_machine(platform: PlatformTag) -> tuple[str, str]:
    """
    The system and the processor of the machines that have ``platform``.

    >>> find_machine(PlatformTag.parse("win_arm64"))
    ('windows', 'aarch64')
    """
    return SYSTEM_BY_FAMILY[platform.family], normalize_processor(platform.machine)
