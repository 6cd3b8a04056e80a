"""
What the build of an sdist requires, as far as its files state without being run.

Both answers are for planning: the build requirements, and whether the wheel serves every target. A
wrong "pure" would lose wheels, so an sdist counts as not pure unless that is certain.
"""

from __future__ import annotations

import ast
import configparser
import dataclasses
import re
import threading
import warnings
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from matrix.distributions.requirement import check_size
from matrix.distributions.sdist import InvalidSdist
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from matrix.distributions.sdist import Excerpt

# PEP 517: the defaults of a frontend where pyproject.toml sets none.
_DEFAULT_REQUIRES: Final = ("setuptools", "wheel")
_DEFAULT_BACKEND: Final = "setuptools.build_meta:__legacy__"

_PURE_BACKENDS: Final = frozenset(
    {
        "flit.buildapi",
        "flit_core.buildapi",
        "hatchling.build",
        "pdm.backend",
        "pdm.pep517.api",
        "poetry.core.masonry.api",
        "poetry.masonry.api",
        "setuptools.build_meta",
        _DEFAULT_BACKEND,
        "uv_build",
    }
)
_COMPILERS: Final = re.compile(
    r"cffi|cmake|cython|maturin|meson(-python)?|milksnake|mypy|nanobind|ninja|numpy|pybind11|"
    r"py-build-cmake|scikit-build(-core)?|setuptools-(golang|rust)|sip"
)
# Words of a setup.py or of build settings after which the wheel may be for one interpreter only.
_SIGNS: Final = re.compile(
    r"ext_modules|ext-modules|cffi_modules|Extension\(|rust_extensions|RustExtension|cythonize|"
    r"mypycify|has_ext_modules|root_is_pure|cmdclass|build_ext|build_clib|libraries\s*=|"
    r"use_2to3|py_limited_api|py-limited-api|plat.name|python.tag|subprocess|os\.system"
)
_HARMLESS_HOOKS: Final = frozenset({"vcs", "version"})
_HOOKS: Final = (
    ("tool", "hatch", "build", "hooks"),
    ("tool", "hatch", "build", "targets", "wheel", "hooks"),
)
_BLANKS: Final = re.compile(r"[^\S\n]{2,}")
_QUIET: Final = threading.Lock()


def read_build_requires(sdist: Excerpt) -> tuple[Requirement, ...]:
    """The build requirements of the sdist: ``[build-system]`` and ``setup_requires``."""
    system = _parse_build_system(sdist)
    texts = list(_list_requires(system, sdist.filename))
    if _name_backend(system).startswith("setuptools"):
        texts += _read_setup_cfg(sdist.setup_cfg or "")
        texts += _read_setup_py(sdist.setup_py or "")
    with translate_errors(InvalidSdist, f"{sdist.filename} has an unusable build requirement"):
        return tuple(_parse_requirement(text) for text in dict.fromkeys(texts))


def _parse_requirement(text: str) -> Requirement:
    check_size(text, InvalidRequirement)
    return Requirement(text)


@dataclasses.dataclass(frozen=True)
class BuildSystem:
    """The part of ``[build-system]`` that a build frontend reads (PEP 517)."""

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...]


def read_build_system(sdist: Excerpt) -> BuildSystem:
    """The sdist's ``[build-system]``, or its defaults; raises ``InvalidSdist``."""
    system = _parse_build_system(sdist)
    path = system.get("backend-path", [])
    if not isinstance(path, list):
        raise InvalidSdist(f"{sdist.filename} has an unusable backend-path")
    return BuildSystem(
        requires=tuple(_list_requires(system, sdist.filename)),
        backend=_name_backend(system),
        backend_path=tuple(map(str, path)),
    )


def is_pure(sdist: Excerpt) -> bool:
    """Whether every build of the sdist makes the same ``py3-none-any`` wheel, for certain."""
    if sdist.compiles:
        return False
    if _name_backend(_parse_build_system(sdist)) not in _PURE_BACKENDS or _has_hooks(
        _parse_pyproject(sdist)
    ):
        return False
    texts = (sdist.setup_py, sdist.setup_cfg, sdist.pyproject)
    if any(_SIGNS.search(text or "") for text in texts):
        return False
    names = [canonicalize_name(requirement.name) for requirement in read_build_requires(sdist)]
    return not any(map(_COMPILERS.fullmatch, names))


def _parse_pyproject(sdist: Excerpt) -> Mapping[str, Any]:
    import tomllib  # noqa: PLC0415 - CPython 3.9 has none; planning is done on the near side

    with translate_errors(InvalidSdist, f"{sdist.filename} has an unusable pyproject.toml"):
        return tomllib.loads(sdist.pyproject or "")


def _parse_build_system(sdist: Excerpt) -> Mapping[str, Any]:
    if sdist.setup_py is None and sdist.pyproject is None:
        raise InvalidSdist(f"{sdist.filename} has neither pyproject.toml nor setup.py")
    system = _parse_pyproject(sdist).get("build-system", {"requires": list(_DEFAULT_REQUIRES)})
    if not isinstance(system, dict):
        raise InvalidSdist(f"{sdist.filename} has an unusable [build-system]")
    return system


def _name_backend(system: Mapping[str, Any]) -> str:
    return str(system.get("build-backend", _DEFAULT_BACKEND))


def _list_requires(system: Mapping[str, Any], filename: str) -> Iterable[str]:
    # PEP 518: the table is optional, its `requires` is not.
    requires = system.get("requires")
    if not isinstance(requires, list) or not all(isinstance(text, str) for text in requires):
        raise InvalidSdist(f"{filename} has a [build-system] without a list of requires")
    return requires


def _has_hooks(project: Mapping[str, Any]) -> bool:
    """Whether the build runs code of the project itself, or settings that cannot be read."""
    settings = [_find_table(project, *keys) for keys in _HOOKS]
    pdm = _find_table(project, "tool", "pdm", "build")
    return (
        any(hooks is None or hooks.keys() - _HARMLESS_HOOKS for hooks in settings)
        or _find_table(project, "tool", "poetry", "build") != {}
        or pdm is None
        or bool(pdm.keys() & {"custom-hook", "run-setuptools"})
        or "backend-path" in project.get("build-system", {})
    )


def _find_table(table: Mapping[str, Any], *keys: str) -> Mapping[str, Any] | None:
    """The table below ``keys``, empty where there is none; None for a value that is no table."""
    for key in keys:
        table = table.get(key, {})
        if not isinstance(table, dict):
            return None
    return table


def _read_setup_cfg(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        # Its expression for options tries each blank of a line in two places.
        parser.read_string(_BLANKS.sub(" ", text))
        value = parser.get("options", "setup_requires", fallback="")
    except configparser.Error:
        # Other tools keep their own syntax here; a real error shows up in the build.
        return
    # setuptools: a list by lines, or on one line with semicolons (and then without markers).
    parts = value.splitlines() if "\n" in value else value.split(";")
    yield from (part.strip() for part in parts if part.strip() and not part.startswith("file:"))


def _read_setup_py(text: str) -> Iterator[str]:
    """The ``setup_requires=[...]`` of a setup.py, where it is written out."""
    tree = _parse_setup_py(text) if "setup_requires" in text else None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.keyword) and node.arg == "setup_requires":
            items = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else []
            yield from (
                item.value
                for item in items
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            )


def _parse_setup_py(text: str) -> ast.Module | None:
    """The syntax tree; None for Python 2 and for expressions that the parser finds too deep."""
    # The old strings of old projects would warn on stderr. Warning filters are of the process: the
    # lock keeps two threads from restoring each other's.
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None
