"""Manifests for tests: whole, small, and open to one change at a time."""

from matrix.manifest.model import Manifest
from matrix.manifest.reading import read

TARGETS = """\
bundle: small
targets:
  prod: {platform: manylinux_2_28_x86_64, python: [3.9.18, 3.12.4]}
  legacy: {platform: manylinux_2_17_x86_64, python: [2.7.18]}
  desktop: {platform: win_amd64, python: [3.12.4]}
runners:
  - match: "*linux*_x86_64"
    github: ubuntu-24.04
    gitlab: [linux]
  - match: "win_*"
    github: windows-2022
    gitlab: [windows]
"""


def text(*packages: str, more: str = "") -> str:
    """A manifest of the targets above; each of ``packages`` is one entry's YAML."""
    entries = "".join(f"  - {package}\n" for package in packages)
    return f"{TARGETS}packages:\n{entries}{more}"


def manifest(*packages: str, more: str = "") -> Manifest:
    """The same, read."""
    return read(text(*packages, more=more))
