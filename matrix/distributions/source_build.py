"""
What building an sdist takes, as far as its files tell without being run.

Both answers are for planning: which wheels a build needs beside it, and whether its wheel serves
every target. A wrong "pure" would lose wheels, so whatever is not known counts as not pure.
"""

import ast
import configparser
import dataclasses
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from matrix.distributions.sdist import Excerpt, InvalidSdist

# PEP 517: what a frontend takes where pyproject.toml does not say.
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


def build_requires(sdist: Excerpt) -> tuple[Requirement, ...]:
    """What a build of the sdist installs first: ``[build-system]`` and ``setup_requires``."""
    system = _build_system(sdist)
    texts = list(_requires(system, sdist.filename))
    if _backend(system).startswith("setuptools"):
        texts += _in_setup_cfg(sdist.setup_cfg or "")
        texts += _in_setup_py(sdist.setup_py or "")
    try:
        return tuple(Requirement(text) for text in dict.fromkeys(texts))
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        what = f"{sdist.filename} has an unusable build requirement: {reason}"
        raise InvalidSdist(what) from error


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """What a build frontend reads of an sdist (PEP 517)."""

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...]


def build_system(sdist: Excerpt) -> BuildSystem:
    """Its ``[build-system]``, or what takes its place; raises ``InvalidSdist``."""
    system = _build_system(sdist)
    path = system.get("backend-path", [])
    if not isinstance(path, list):
        raise InvalidSdist(f"{sdist.filename} has an unusable backend-path")
    return BuildSystem(
        requires=tuple(_requires(system, sdist.filename)),
        backend=_backend(system),
        backend_path=tuple(map(str, path)),
    )


def is_pure(sdist: Excerpt) -> bool:
    """Whether every build of the sdist makes the same ``py3-none-any`` wheel, for certain."""
    if sdist.compiles:
        return False
    if _backend(_build_system(sdist)) not in _PURE_BACKENDS or _has_hooks(_pyproject(sdist)):
        return False
    said = [sdist.setup_py, sdist.setup_cfg, sdist.pyproject]
    if any(_SIGNS.search(text or "") for text in said):
        return False
    needed = [canonicalize_name(requirement.name) for requirement in build_requires(sdist)]
    return not any(map(_COMPILERS.fullmatch, needed))


def _pyproject(sdist: Excerpt) -> Mapping[str, Any]:
    try:
        return tomllib.loads(sdist.pyproject or "")
    except tomllib.TOMLDecodeError as error:
        what = f"{sdist.filename} has an unusable pyproject.toml: {error}"
        raise InvalidSdist(what) from error


def _build_system(sdist: Excerpt) -> Mapping[str, Any]:
    if sdist.setup_py is None and sdist.pyproject is None:
        raise InvalidSdist(f"{sdist.filename} has neither pyproject.toml nor setup.py")
    system = _pyproject(sdist).get("build-system", {"requires": list(_DEFAULT_REQUIRES)})
    if not isinstance(system, dict):
        raise InvalidSdist(f"{sdist.filename} has an unusable [build-system]")
    return system


def _backend(system: Mapping[str, Any]) -> str:
    return str(system.get("build-backend", _DEFAULT_BACKEND))


def _requires(system: Mapping[str, Any], filename: str) -> Iterable[str]:
    # PEP 518: the table is optional, its `requires` is not.
    found = system.get("requires")
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise InvalidSdist(f"{filename} has a [build-system] without a list of requires")
    return found


def _has_hooks(project: Mapping[str, Any]) -> bool:
    """Whether the build runs code of the project's own, which may do anything."""
    tool = project.get("tool", {})
    hatch = tool.get("hatch", {}).get("build", {})
    hooks = [hatch.get("hooks", {}), hatch.get("targets", {}).get("wheel", {}).get("hooks", {})]
    pdm, poetry = tool.get("pdm", {}).get("build", {}), tool.get("poetry", {}).get("build", {})
    return (
        any(hook.keys() - _HARMLESS_HOOKS for hook in hooks)
        or bool(poetry)
        or (isinstance(pdm, dict) and bool(pdm.keys() & {"custom-hook", "run-setuptools"}))
        or "backend-path" in project.get("build-system", {})
    )


def _in_setup_cfg(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        value = parser.get("options", "setup_requires", fallback="")
    except configparser.Error:
        # Other tools keep their own syntax here; whoever builds will see.
        return
    # setuptools: a list by lines, or on one line with semicolons (and then without markers).
    parts = value.splitlines() if "\n" in value else value.split(";")
    yield from (part.strip() for part in parts if part.strip() and not part.startswith("file:"))


def _in_setup_py(text: str) -> Iterator[str]:
    """The ``setup_requires=[...]`` of a setup.py, where it is written out."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return  # Python 2
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "setup_requires":
            items = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else []
            yield from (
                item.value
                for item in items
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            )
