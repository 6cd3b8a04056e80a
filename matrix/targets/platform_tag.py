"""
Platform tags as floors: ``manylinux_2_28_x86_64`` means "glibc 2.28 or newer on x86_64" (PEP 600,
656).
"""

import dataclasses
import enum
import re
from collections.abc import Iterator
from typing import Final

from packaging.tags import mac_platforms

from matrix.targets.invalid import PROBE, InvalidTarget


class Family(enum.StrEnum):
    """What a platform tag starts with; also the middle of a cibuildwheel identifier."""

    MANYLINUX = "manylinux"
    MUSLLINUX = "musllinux"
    WINDOWS = "win"
    MACOS = "macosx"


class InvalidPlatformTag(InvalidTarget):
    """Not a platform tag that a target can have."""


_LINUX_ARCHES: Final = ("x86_64", "i686", "aarch64", "ppc64le", "s390x", "armv7l", "riscv64")
_MAC_ARCHES: Final = ("x86_64", "arm64", "universal2")
_FIRST_MACOS_ON_ARM: Final = (11, 0)
_WINDOWS: Final = {"win32": "x86", "win_amd64": "AMD64", "win_arm64": "ARM64"}
_FLOOR: Final = re.compile(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)", re.ASCII)
_HIGHEST_NUMBER: Final = 99
"""Of a floor: every number below it becomes a tag, and each tag is compared with every wheel."""
_HIGHEST_DIGITS: Final = len(str(_HIGHEST_NUMBER))

# PEP 600: the names that glibc floors had before they were numbers.
_LEGACY_MANYLINUX: Final = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_FLOOR_BY_ALIAS: Final = {name: minor for minor, name in _LEGACY_MANYLINUX.items()}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PlatformTag:
    """
    A family, an architecture, and the oldest C library or macOS that wheels must work on.

    >>> str(PlatformTag.parse("manylinux2014_x86_64"))
    'manylinux_2_17_x86_64'
    """

    family: Family
    floor: tuple[int, int]
    arch: str

    @classmethod
    def parse(cls, text: str) -> "PlatformTag":
        """Invert ``str()``; the legacy manylinux names are read as the floors they stand for."""
        if text in _WINDOWS:
            return cls(family=Family.WINDOWS, floor=(0, 0), arch=text)
        alias, _, arch = text.partition("_")
        if alias in _FLOOR_BY_ALIAS:
            text = f"manylinux_2_{_FLOOR_BY_ALIAS[alias]}_{arch}"
        match = _FLOOR.fullmatch(text)
        if match is None:
            what = f"{text!r} is not a platform tag"
            raise InvalidPlatformTag(what, hint=PROBE)
        if max(len(match[2]), len(match[3])) > _HIGHEST_DIGITS:
            what = f"expected a floor of at most {_HIGHEST_NUMBER}.{_HIGHEST_NUMBER}, got {text!r}"
            raise InvalidPlatformTag(what, hint=PROBE)
        floor = int(match[2]), int(match[3])
        tag = cls(family=Family(match[1]), floor=floor, arch=match[4])
        arches = _MAC_ARCHES if tag.family is Family.MACOS else _LINUX_ARCHES
        if tag.arch not in arches:
            raise InvalidPlatformTag(
                f"{text!r} has no known architecture; expected one of {', '.join(arches)}"
            )
        if tag.arch == "arm64" and tag.floor < _FIRST_MACOS_ON_ARM:
            what = f"expected macOS 11.0 or newer on arm64, got {text!r}"
            raise InvalidPlatformTag(what, hint="write 'macosx_11_0_arm64'")
        return tag

    def __str__(self) -> str:
        if self.family is Family.WINDOWS:
            return self.arch
        return f"{self.family}_{self.floor[0]}_{self.floor[1]}_{self.arch}"

    @property
    def single_platforms(self) -> tuple["PlatformTag", ...]:
        """
        The platforms that machines have: this one, or both that ``universal2`` stands for.

        No interpreter calls its machine universal2, so no marker could be evaluated for it.
        """
        if self.arch != "universal2":
            return (self,)
        arm = max(self.floor, _FIRST_MACOS_ON_ARM)
        return (
            dataclasses.replace(self, arch="x86_64"),
            dataclasses.replace(self, arch="arm64", floor=arm),
        )

    @property
    def machine(self) -> str:
        """What ``platform.machine()`` prints there."""
        return _WINDOWS.get(self.arch, self.arch)

    @property
    def identifier(self) -> str:
        """The platform half of cibuildwheel's build identifier, without the floor."""
        return self.arch if self.family is Family.WINDOWS else f"{self.family}_{self.arch}"

    def compatible_tags(self) -> Iterator[str]:
        """The platform tags of wheels that run there, best first."""
        if self.family is Family.WINDOWS:
            yield self.arch
        elif self.family is Family.MACOS:
            yield from mac_platforms(self.floor, self.arch)
        else:
            yield from self._musllinux() if self.family is Family.MUSLLINUX else self._manylinux()
            yield f"linux_{self.arch}"

    def _musllinux(self) -> Iterator[str]:
        for minor in range(self.floor[1], -1, -1):
            yield f"musllinux_{self.floor[0]}_{minor}_{self.arch}"

    def _manylinux(self) -> Iterator[str]:
        # PEP 600: only x86 was ever supported below glibc 2.17.
        oldest = 5 if self.arch in {"x86_64", "i686"} else 17
        for minor in range(self.floor[1], oldest - 1, -1):
            yield f"manylinux_{self.floor[0]}_{minor}_{self.arch}"
            if minor in _LEGACY_MANYLINUX:
                yield f"{_LEGACY_MANYLINUX[minor]}_{self.arch}"
