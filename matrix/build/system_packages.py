"""
The script that installs what a recipe needs from the system's package manager.

Which manager there is, only the container knows: the same job class may get an Alma, an Alpine or a
Debian image. So the script asks, in the order in which images that have two of them would want it.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import Final, Literal

Manager = Literal["dnf", "apk", "apt", "brew"]
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


def script(system: str, packages: Mapping[Manager, Sequence[str]]) -> str:
    """A POSIX shell script that installs ``packages``; empty if none is for ``system``."""
    branches = _BRANCHES.get(system, ())
    if not any(packages.get(key) for _, key, _ in branches):
        return ""
    lines = ["#!/bin/sh", "set -eu"]
    for number, (program, key, commands) in enumerate(branches):
        lines.append(f"{'elif' if number else 'if'} command -v {program} >/dev/null 2>&1; then")
        lines += [f"  {line}" for line in _branch(key, commands, packages.get(key, ()))]
    managers = ", ".join(program for program, _, _ in branches)
    lines += ["else", f"  echo 'expected one of {managers}, got none' >&2", "  exit 1", "fi"]
    return "\n".join(lines) + "\n"


def _branch(key: str, commands: Sequence[str], packages: Sequence[str]) -> list[str]:
    if not packages:
        return [f"echo 'the recipe names no system packages for {key}'"]
    return [*commands[:-1], f"{commands[-1]} {shlex.join(packages)}"]
