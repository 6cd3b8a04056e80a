"""One interpreter on one platform."""

import dataclasses
import functools
from collections.abc import Set as AbstractSet
from typing import Final

from packaging.tags import Tag, compatible_tags, cpython_tags, generic_tags

from matrix.targets.platform_tag import Family, PlatformTag
from matrix.targets.python_version import PythonVersion

_LAST_WITH_MALLOC_FLAG: Final = (3, 7)  # the "m" of cp37m; dropped in 3.8 (bpo-36707)

_SYSTEM: Final = {
    Family.MANYLINUX: ("posix", "Linux", "linux"),
    Family.MUSLLINUX: ("posix", "Linux", "linux"),
    Family.WINDOWS: ("nt", "Windows", "win32"),
    Family.MACOS: ("posix", "Darwin", "darwin"),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """
    One interpreter on one platform.

    >>> target = Target.parse("3.14.0t", "manylinux_2_28_x86_64")
    >>> target.id, target.identifier
    ('cp314t-manylinux_2_28_x86_64', 'cp314t-manylinux_x86_64')
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
        return f"{self.python.identifier}-{self.platform}"

    def __str__(self) -> str:
        return f"{self.python.name} on {self.platform}"

    @property
    def identifier(self) -> str:
        """Cibuildwheel's build identifier."""
        return f"{self.python.identifier}-{self.platform.identifier}"

    @property
    def abi(self) -> str:
        """
        The ABI tag of the usual build: UCS-4 for 2.7 on Linux, as all manylinux users have it.
        """
        if self.python.pypy:
            return self.python.abi
        if self.python.major == 2:  # noqa: PLR2004 - Python 2
            wide = self.platform.family in {Family.MANYLINUX, Family.MUSLLINUX}
            return "cp27mu" if wide else "cp27m"
        flag = "m" if self.python.series <= _LAST_WITH_MALLOC_FLAG else ""
        return f"{self.python.abi}{flag}"

    def marker_environment(self) -> dict[str, str]:
        """The values of PEP 508's environment markers on this target."""
        os_name, system, sys_platform = _SYSTEM[self.platform.family]
        implementation, version = "cpython", self.python.implementation_version
        if self.python.pypy:
            implementation = "pypy"
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
            "platform_python_implementation": "PyPy" if self.python.pypy else "CPython",
            "platform_release": "",
            "platform_system": system,
            "platform_version": "",
            "python_full_version": self.python.full,
            "python_version": ".".join(map(str, self.python.series)),
            "sys_platform": sys_platform,
        }

    def tags(self) -> tuple[Tag, ...]:
        """
        Every tag of a wheel that installs there, best first, as ``packaging`` orders them; up to
        26.2 it had ``linux_*`` last, and so have the pips that will install.
        """
        return _tags(self)

    def build_tags(self) -> tuple[Tag, ...]:
        """The tags of a wheel that is built for it: pip installs a few more."""
        return tuple(tag for tag in _tags(self) if not is_unrepaired({tag}))


def is_unrepaired(tags: AbstractSet[Tag]) -> bool:
    """
    Whether a wheel of these tags promises nothing about the C library that it needs.

    pip installs ``linux_x86_64`` on every Linux, but such a wheel may not load there.
    """
    return all(tag.platform.startswith("linux_") for tag in tags)


@functools.lru_cache(maxsize=256)
def _tags(target: Target) -> tuple[Tag, ...]:
    python, platforms = target.python, list(target.platform.compatible_tags())
    if python.pypy:
        own = generic_tags(python.python_tag, [target.abi], platforms)
        # packaging adds pp3-none-any, pip takes pp39-none-any instead: only what both take is safe.
        return *own, *compatible_tags(python.series, None, platforms)
    return (
        *cpython_tags(python.series, abis=[target.abi], platforms=platforms),
        *compatible_tags(python.series, python.python_tag, platforms),
    )
