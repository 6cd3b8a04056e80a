"""
The script that prepares a machine for a build: system packages, then the recipe's own lines.

Which manager there is, only the container knows: the same job class may get an Alma, an Alpine or a
Debian image. So the script asks, in the order in which images that have two of them would want it.
On Windows it is a batch file, and asks every manager that the recipe names.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from matrix.manifest.recipe import SystemManager

Manager = SystemManager
Branch = tuple[str, Manager, tuple[str, ...]]

# yum is older Enterprise Linux's dnf, and takes the same names.
_LINUX: Final[tuple[Branch, ...]] = (
    ("dnf", "dnf", ("dnf install -y",)),
    ("yum", "dnf", ("yum install -y",)),
    ("apk", "apk", ("apk add --no-cache",)),
    (
        "apt-get",
        "apt",
        (
            "export DEBIAN_FRONTEND=noninteractive",
            "apt-get update",
            "apt-get install -y --no-install-recommends",
        ),
    ),
)
_MACOS: Final[tuple[Branch, ...]] = (("brew", "brew", ("HOMEBREW_NO_AUTO_UPDATE=1 brew install",)),)
_BRANCHES: Final[Mapping[str, tuple[Branch, ...]]] = {"linux": _LINUX, "macos": _MACOS}


# What vcpkg makes for is the runner's to say: VCPKG_DEFAULT_TRIPLET.
_WINDOWS: Final[Mapping[Manager, str]] = {
    "vcpkg": "vcpkg install",
    "choco": "choco install --yes --no-progress",
}
MANAGERS: Final[Mapping[str, tuple[Manager, ...]]] = {
    "linux": ("dnf", "apk", "apt"),
    "macos": ("brew",),
    "windows": ("vcpkg", "choco"),
}
"""The package managers of a system."""


def render_script(
    system: str,
    packages_by_manager: Mapping[Manager, Sequence[str]],
    before_all: Sequence[str] = (),
) -> str:
    """
    A script that installs the packages and runs ``before_all``; empty if nothing is for ``system``.
    """
    if system == "windows":
        return _render_batch(packages_by_manager, before_all)
    branches = _BRANCHES.get(system, ())
    is_asked = any(packages_by_manager.get(key) for _, key, _ in branches)
    if not is_asked and not before_all:
        return ""
    installing = _render_branches(branches, packages_by_manager) if is_asked else []
    return "\n".join(["#!/bin/sh", "set -eu", *installing, *before_all]) + "\n"


def script_path(system: str) -> PurePosixPath:
    """The path of the script, relative to the work directory."""
    suffix = ".cmd" if system == "windows" else ".sh"
    return PurePosixPath("scripts/before-all").with_suffix(suffix)


def script_command(system: str) -> str:
    """The line that runs the script, as cibuildwheel's ``before-all``."""
    if system == "windows":
        # There {project} is a dot, and cmd.exe takes a path's first slash for an option's.
        return 'call "{{project}}\\{}"'.format(str(script_path(system)).replace("/", "\\"))
    return f'sh "{{project}}/{script_path(system)}"'


def _render_branches(
    branches: Sequence[Branch], packages: Mapping[Manager, Sequence[str]]
) -> list[str]:
    lines = []
    for number, (program, key, commands) in enumerate(branches):
        lines.append(f"{'elif' if number else 'if'} command -v {program} >/dev/null 2>&1; then")
        lines += [f"  {line}" for line in _render_branch(key, commands, packages.get(key, ()))]
    managers = ", ".join(program for program, _, _ in branches)
    return [*lines, "else", f"  echo 'expected one of {managers}, got none' >&2", "  exit 1", "fi"]


def _render_batch(packages: Mapping[Manager, Sequence[str]], before_all: Sequence[str]) -> str:
    installing = [
        " ".join([f"call {_WINDOWS[manager]}", *map(_quote, packages[manager])])
        for manager in MANAGERS["windows"]
        if packages.get(manager)
    ]
    lines = [*installing, *before_all]
    # Unlike sh -e, a batch file goes on after a command that did not succeed.
    stopping = [f"{line} || exit /b 1" for line in lines]
    return "\r\n".join(["@echo off", *stopping, ""]) if lines else ""


def _quote(word: str) -> str:
    return f'"{word}"' if set(word) & set(" &()[],;=") else word


def _render_branch(key: str, commands: Sequence[str], packages: Sequence[str]) -> list[str]:
    if not packages:
        return [f"echo 'the recipe names no system packages for {key}'"]
    return [*commands[:-1], f"{commands[-1]} {shlex.join(packages)}"]
