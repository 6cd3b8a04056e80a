"""
The system packages that bring a missing header, library, module of pkg-config or CMake, or program.

The table is ``data/libraries.json``; names of packages follow Enterprise Linux 8, Alpine, Debian
and Homebrew. It is a hint for people and decides nothing.
"""

import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from matrix.manifest.recipe import SystemManager

Kind = Literal["headers", "libraries", "modules", "programs"]
Packages = Mapping[SystemManager, tuple[str, ...]]

MANAGERS: Final[tuple[SystemManager, ...]] = ("dnf", "apk", "apt", "brew")
_SUFFIXES: Final = ("-devel", "-dev", ".lib", ".pc")


def find_packages(kind: Kind, names: Iterable[str]) -> Packages:
    """The system packages that bring ``names``, by manager; empty when none is known."""
    names_by_manager: dict[SystemManager, dict[str, None]] = {}
    for name in names:
        for manager, packages in _find_entry(kind, name).items():
            names_by_manager.setdefault(manager, {}).update(dict.fromkeys(packages))
    return {
        manager: tuple(names_by_manager[manager])
        for manager in MANAGERS
        if manager in names_by_manager
    }


def _find_entry(kind: Kind, name: str) -> Packages:
    known = _read_table()
    if kind == "headers":
        # A library's headers share a directory: openssl/x509v3.h comes with openssl/ssl.h.
        directory, _, _ = name.rpartition("/")
        return known[kind].get(name) or known["headers"].get(f"{directory}/", {})
    for spelled in _spellings(name):
        # What a message calls a library may be its name for the linker, pkg-config or CMake.
        for other in (kind, "libraries", "modules", "programs"):
            if spelled in known[other]:
                return known[other][spelled]
    return {}


def _spellings(name: str) -> Iterable[str]:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return dict.fromkeys((name, name.lower(), name.removeprefix("lib"), f"lib{name}"))


@functools.cache
def _read_table() -> Mapping[str, Mapping[str, Packages]]:
    text = (importlib.resources.files("matrix") / "data" / "libraries.json").read_text("utf-8")
    known: dict[str, dict[str, Packages]] = {
        kind: {} for kind in ("headers", "libraries", "modules", "programs")
    }
    for entry in json.loads(text):
        system = {manager: tuple(packages) for manager, packages in entry["system"].items()}
        for kind, names in known.items():
            for name in entry.get(kind, ()):
                names[name] = system
                directory, slash, _ = name.rpartition("/")
                if kind == "headers" and slash and directory != "linux":
                    names.setdefault(f"{directory}/", system)
    return known
