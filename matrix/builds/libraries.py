"""
Which system packages bring what a build misses: a header, a library, a module of pkg-config or
CMake, or a program.

The table is ``data/libraries.json``; names of packages follow Enterprise Linux 8, Alpine, Debian
and Homebrew. It is a hint for people and decides nothing.
"""

import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from matrix.manifest.model import SystemManager

Kind = Literal["headers", "libraries", "modules", "programs"]
Packages = Mapping[SystemManager, tuple[str, ...]]

MANAGERS: Final[tuple[SystemManager, ...]] = ("dnf", "apk", "apt", "brew")
_SUFFIXES: Final = ("-devel", "-dev", ".lib", ".pc")


def packages(kind: Kind, names: Iterable[str]) -> Packages:
    """The system packages that bring ``names``, by manager; empty when none is known."""
    found: dict[SystemManager, dict[str, None]] = {}
    for name in names:
        for manager, listed in _entry(kind, name).items():
            found.setdefault(manager, {}).update(dict.fromkeys(listed))
    return {manager: tuple(found[manager]) for manager in MANAGERS if manager in found}


def _entry(kind: Kind, name: str) -> Packages:
    known = _known()
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
def _known() -> Mapping[str, Mapping[str, Packages]]:
    text = (importlib.resources.files("matrix") / "data" / "libraries.json").read_text("utf-8")
    known: dict[str, dict[str, Packages]] = {
        kind: {} for kind in ("headers", "libraries", "modules", "programs")
    }
    for entry in json.loads(text):
        system = {manager: tuple(listed) for manager, listed in entry["system"].items()}
        for kind, names in known.items():
            for name in entry.get(kind, ()):
                names[name] = system
                directory, slash, _ = name.rpartition("/")
                if kind == "headers" and slash and directory != "linux":
                    names.setdefault(f"{directory}/", system)
    return known
