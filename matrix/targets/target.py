"""One interpreter on one platform."""

import dataclasses
import functools
import re
from typing import Final

from packaging.tags import Tag, compatible_tags, cpython_tags

from matrix.targets.platform_tag import Family, PlatformTag

_FULL_VERSION: Final = re.compile(r"(2\.7|3\.\d{1,2})\.\d{1,2}")
_LAST_WITH_MALLOC_FLAG: Final = (3, 7)  # the "m" of cp37m; dropped in 3.8 (bpo-36707)

_SYSTEM: Final = {
    Family.MANYLINUX: ("posix", "Linux", "linux"),
    Family.MUSLLINUX: ("posix", "Linux", "linux"),
    Family.WINDOWS: ("nt", "Windows", "win32"),
    Family.MACOS: ("posix", "Darwin", "darwin"),
}


class InvalidVersion(ValueError):
    """Not the full version of a CPython."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PythonVersion:
    """
    A full version such as 3.9.18.

    A minor version alone is refused: markers and ``Requires-Python`` compare full versions, and an
    assumed ``.0`` picks other releases than the real interpreter does.
    """

    major: int
    minor: int
    micro: int

    @classmethod
    def parse(cls, text: str) -> "PythonVersion":
        if not _FULL_VERSION.fullmatch(text):
            raise InvalidVersion(f"expected a full version such as '3.12.4', got {text!r}")
        major, minor, micro = map(int, text.split("."))
        return cls(major=major, minor=minor, micro=micro)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.micro}"

    @property
    def nodot(self) -> str:
        """As in tags and identifiers: ``39``, ``312``."""
        return f"{self.major}{self.minor}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """
    One CPython on one platform, as a line of the plan names it.

    >>> target = Target.parse("3.12.4", "manylinux_2_28_x86_64")
    >>> target.id, target.identifier
    ('cp312-manylinux_2_28_x86_64', 'cp312-manylinux_x86_64')
    """

    python: PythonVersion
    platform: PlatformTag

    @classmethod
    def parse(cls, python: str, platform: str) -> "Target":
        return cls(python=PythonVersion.parse(python), platform=PlatformTag.parse(platform))

    @property
    def id(self) -> str:
        """
        The name in plan, lock and bundle; without dots, because PEP 751 forbids them in
        ``pylock.<id>.toml``.
        """
        return f"cp{self.python.nodot}-{self.platform}"

    def __str__(self) -> str:
        return f"CPython {self.python} on {self.platform}"

    @property
    def identifier(self) -> str:
        """Cibuildwheel's build identifier."""
        return f"cp{self.python.nodot}-{self.platform.identifier}"

    @property
    def abi(self) -> str:
        """
        The ABI tag of the usual build: UCS-4 for 2.7 on Linux, as all manylinux users have it.
        """
        major, minor = self.python.major, self.python.minor
        if major == 2:  # noqa: PLR2004 - Python 2
            wide = self.platform.family in {Family.MANYLINUX, Family.MUSLLINUX}
            return "cp27mu" if wide else "cp27m"
        flag = "m" if (major, minor) <= _LAST_WITH_MALLOC_FLAG else ""
        return f"cp{self.python.nodot}{flag}"

    def marker_environment(self) -> dict[str, str]:
        """The values of PEP 508's environment markers on this target."""
        os_name, system, sys_platform = _SYSTEM[self.platform.family]
        implementation, version = "cpython", str(self.python)
        if self.python.major == 2:  # noqa: PLR2004 - Python 2
            # 2.7 has no sys.implementation, which packaging shows as these, and calls its platform
            # "linux2".
            implementation, version = "", "0"
            sys_platform = "linux2" if sys_platform == "linux" else sys_platform
        return {
            "implementation_name": implementation,
            "implementation_version": version,
            "os_name": os_name,
            "platform_machine": self.platform.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": system,
            "platform_version": "",
            "python_full_version": str(self.python),
            "python_version": f"{self.python.major}.{self.python.minor}",
            "sys_platform": sys_platform,
        }

    def tags(self) -> tuple[Tag, ...]:
        """Every tag of a wheel that installs there, best first, as ``packaging`` orders them."""
        return _tags(self)


@functools.lru_cache(maxsize=256)
def _tags(target: Target) -> tuple[Tag, ...]:
    version = (target.python.major, target.python.minor)
    platforms = list(target.platform.compatible())
    return (
        *cpython_tags(version, abis=[target.abi], platforms=platforms),
        *compatible_tags(version, f"cp{target.python.nodot}", platforms),
    )
