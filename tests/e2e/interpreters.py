"""
The CPythons that go into the images: pyenv's, and the distribution's own where pyenv has none.

Each is copied to the path that it has on this machine: pyenv builds them shared, with that path as
their rpath, and extension modules for 2.7 do not link after a move.
"""

import dataclasses
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from packaging.version import InvalidVersion, Version

from matrix.edge.programs import run

WANTED: Final = ("2.7", "3.9", "3.11", "3.12", "3.13")
OLDER: Final = ("3.6", "3.7", "3.8")
_WITH_M: Final = ("2.7", "3.6", "3.7")

# Tests are two thirds of an installation; the static library is for embedding; Tk needs X.
UNNEEDED: Final = (
    "__pycache__",
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "tkinter",
    "turtledemo",
    "site-packages",
    "libpython*.a",
    "_tkinter*.so",
    "_test*.so",
    "_ctypes_test*.so",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """One CPython of pyenv's: its version, where it lies, and what manylinux images call it."""

    version: str
    prefix: Path
    tag: str


def interpreters(
    environment: Mapping[str, str], *, wanted: Sequence[str] = WANTED
) -> tuple[Interpreter, ...]:
    """The newest of each wanted series that pyenv has; the others are named on stderr."""
    versions = _root(environment) / "versions"
    found = []
    for series in wanted:
        prefix = _newest(versions, series)
        if prefix is None:
            sys.stderr.write(f"pyenv has no CPython {series}: the images go without it\n")
        else:
            found.append(Interpreter(version=prefix.name, prefix=prefix, tag=_tag(prefix, series)))
    return tuple(found)


def copy(interpreter: Interpreter, *, root: Path) -> None:
    """Put ``interpreter`` below ``root`` at its own path, and under ``/opt/python`` by its tag."""
    target = root / interpreter.prefix.relative_to("/")
    ignore = shutil.ignore_patterns(*UNNEEDED)
    for name in ("lib", "include"):
        shutil.copytree(interpreter.prefix / name, target / name, symlinks=True, ignore=ignore)
    for library in (target / "lib").glob("python[23]*"):
        (library / "site-packages").mkdir()
    (target / "bin").mkdir()
    for program in (interpreter.prefix / "bin").glob("python*"):
        shutil.copy2(program, target / "bin" / program.name, follow_symlinks=False)
    link(root, interpreter.tag, str(interpreter.prefix))


def link(root: Path, tag: str, target: str) -> None:
    """Make ``/opt/python/TAG`` below ``root`` a link to ``target``."""
    directory = root / "opt" / "python"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / tag).symlink_to(target)


def libraries(found: Iterable[Interpreter]) -> frozenset[str]:
    """The system packages that own the libraries which the interpreters load."""
    modules = [
        str(module)
        for interpreter in found
        for module in sorted(interpreter.prefix.glob("lib/python*/lib-dynload/*.so"))
        if not module.name.startswith(("_tkinter", "_test"))
    ]
    if not modules:
        return frozenset()
    loaded = _output("ldd", *modules)
    paths = {line.split()[2] for line in loaded.splitlines() if "=> /" in line}
    resolved = sorted({str(Path(path).resolve()) for path in paths} | paths)
    # pyenv's own libraries have no owner, and with merged /usr dpkg knows one of two spellings: it
    # complains about the others and prints these.
    owners = _output("dpkg-query", "--search", *resolved)
    return frozenset(
        line.split(":")[0]
        for line in owners.splitlines()
        if ": /" in line and not line.startswith(("dpkg-query", "diversion"))
    )


def _root(environment: Mapping[str, str]) -> Path:
    if "PYENV_ROOT" in environment:
        return Path(environment["PYENV_ROOT"])
    if pyenv := shutil.which("pyenv", path=environment.get("PATH")):
        return Path(run([pyenv, "root"], environment=environment, timeout=30).output.strip())
    return Path(environment.get("HOME", "/")) / ".pyenv"


def _newest(versions: Path, series: str) -> Path | None:
    candidates = {}
    for path in versions.glob(f"{series}.*/bin/python"):
        try:
            candidates[Version(path.parts[-3])] = path.parents[1]
        except InvalidVersion:
            continue  # a virtual environment of pyenv-virtualenv's, or another implementation
    return candidates[max(candidates)] if candidates else None


def _tag(prefix: Path, series: str) -> str:
    python = "cp" + series.replace(".", "")
    if series not in _WITH_M:
        return f"{python}-{python}"
    if series != "2.7":
        return f"{python}-{python}m"
    widest = _output(str(prefix / "bin" / "python"), "-c", "import sys; print(sys.maxunicode)")
    return f"{python}-{python}mu" if int(widest) > 0xFFFF else f"{python}-{python}m"


def _output(*command: str) -> str:
    return run(command, environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, timeout=120).output
