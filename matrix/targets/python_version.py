"""
The Python of a target: its full version, and what else decides which wheels install.

A minor version alone is refused: markers and ``Requires-Python`` compare full versions, and an
assumed ``.0`` picks other releases than the real interpreter does. PyPy is written with both of its
versions, because markers ask for both and its own one is half of its ABI.
"""

import dataclasses
import re
from typing import Final

from matrix.targets.invalid import PROBE, InvalidTarget

_NUMBER: Final = r"(?:0|[1-9]\d?)"
_PYTHON: Final = rf"(2\.7|3\.{_NUMBER})\.({_NUMBER})"
_CPYTHON: Final = re.compile(rf"{_PYTHON}(t?)", re.ASCII)
_PYPY: Final = re.compile(rf"pypy-({_NUMBER}\.{_NUMBER}\.{_NUMBER})-{_PYTHON}", re.ASCII)

_FIRST_CPYTHON_3: Final = (3, 5)  # what the oldest lane builds for
_FIRST_PYPY_3: Final = (3, 6)
_FIRST_FREE_THREADED: Final = (3, 13)  # PEP 703
_FIRST_PYPY: Final = (7, 3)  # the first whose ABI tag tells its language version


class InvalidVersion(InvalidTarget):
    """Not the full version of a CPython or PyPy."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PythonVersion:
    """
    A CPython, free-threaded or not, or a PyPy, as the manifest writes it.

    >>> [PythonVersion.parse(text).abi for text in ("3.9.18", "3.14.0t", "pypy-7.3.20-3.11.13")]
    ['cp39', 'cp314t', 'pypy311_pp73']
    """

    major: int
    minor: int
    micro: int
    is_free_threaded: bool = False
    pypy: tuple[int, ...] = ()
    """PyPy's own version; empty for CPython."""

    @classmethod
    def parse(cls, text: str) -> "PythonVersion":
        """Invert ``str()``."""
        if match := _CPYTHON.fullmatch(text):
            cpython = _from_numbers(match[1], match[2], is_free_threaded=bool(match[3]))
            _check_cpython(cpython, text)
            return cpython
        if match := _PYPY.fullmatch(text):
            own = tuple(map(int, match[1].split(".")))
            pypy = _from_numbers(match[2], match[3], pypy=own)
            _check_pypy(pypy, text)
            return pypy
        raise _refuse(text)

    def __str__(self) -> str:
        if self.pypy:
            return f"pypy-{self.implementation_version}-{self.full}"
        return f"{self.full}t" if self.is_free_threaded else self.full

    @property
    def name(self) -> str:
        """As messages name it: ``CPython 3.9.18``, ``PyPy 7.3.20 (Python 3.11.13)``."""
        if self.pypy:
            return f"PyPy {self.implementation_version} (Python {self.full})"
        return f"CPython {self}"

    @property
    def full(self) -> str:
        """The language's version: ``python_full_version`` of markers."""
        return f"{self.major}.{self.minor}.{self.micro}"

    @property
    def series(self) -> tuple[int, int]:
        """The language's version without the last number."""
        return self.major, self.minor

    @property
    def implementation_version(self) -> str:
        """The interpreter's own version, which for CPython is the language's."""
        return ".".join(map(str, self.pypy)) if self.pypy else self.full

    @property
    def nodot(self) -> str:
        """The series as in tags and identifiers: ``39``, ``312``."""
        return f"{self.major}{self.minor}"

    @property
    def python_tag(self) -> str:
        """The Python tag of wheels that are made for it alone: ``cp312``, ``pp311``."""
        return f"{'pp' if self.pypy else 'cp'}{self.nodot}"

    @property
    def identifier(self) -> str:
        """The interpreter half of cibuildwheel's build identifier: ``cp314t``."""
        return f"{self.python_tag}{'t' if self.is_free_threaded else ''}"

    @property
    def abi(self) -> str:
        """The ABI tag, but for what CPython 2.7 and 3.7 add to it."""
        if not self.pypy:
            return self.identifier
        own = f"{self.pypy[0]}{self.pypy[1]}"
        # PyPy named the language in its ABI tags from Python 3 on only.
        return f"pypy_{own}" if self.major == 2 else f"pypy{self.nodot}_pp{own}"  # noqa: PLR2004


def _from_numbers(
    series: str, micro: str, *, is_free_threaded: bool = False, pypy: tuple[int, ...] = ()
) -> PythonVersion:
    major, minor = map(int, series.split("."))
    return PythonVersion(
        major=major, minor=minor, micro=int(micro), is_free_threaded=is_free_threaded, pypy=pypy
    )


def _check_cpython(version: PythonVersion, text: str) -> None:
    if version.major == 3 and version.series < _FIRST_CPYTHON_3:  # noqa: PLR2004 - Python 3
        raise InvalidVersion(f"expected CPython 2.7, or 3.5 or newer, got {text!r}", hint=PROBE)
    if version.is_free_threaded and version.series < _FIRST_FREE_THREADED:
        what = f'free-threaded builds ("t") need CPython 3.13 or newer, got {text!r}'
        raise InvalidVersion(what, hint=f"write {version.full!r}")


def _check_pypy(version: PythonVersion, text: str) -> None:
    if version.pypy[:2] < _FIRST_PYPY:
        raise InvalidVersion(f"expected PyPy 7.3 or newer, got {text!r}", hint=PROBE)
    if version.major == 3 and version.series < _FIRST_PYPY_3:  # noqa: PLR2004 - Python 3
        what = f"expected a PyPy of Python 2.7, or 3.6 or newer, got {text!r}"
        raise InvalidVersion(what, hint=PROBE)


def _refuse(text: str) -> InvalidVersion:
    expected = "a full version such as '3.12.4'"
    if "pypy" in text.lower():
        expected = "PyPy's version and its Python's, such as 'pypy-7.3.20-3.11.13'"
    return InvalidVersion(f"expected {expected}, got {text!r}", hint=PROBE)
