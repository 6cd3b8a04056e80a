"""
``python -m tests.agreement.trimming STORE OUT PROJECT...``: the part of a recorded store that the
default tests carry.

The newest release of each year and wheels for what tests install on; of metadata what resolution
reads. Says which wheels it must leave out because nobody asked for their metadata.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from packaging.utils import parse_wheel_filename

from matrix.distributions import core_metadata
from tests.agreement.stubs import project_and_version

RELEASES = 10
PLATFORMS = ("any", "manylinux_2_17_x86_64", "manylinux1_x86_64", "win_amd64")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("projects", nargs="+")
    asked = parser.parse_args()
    for folder in ("pages", "releases"):
        (asked.out / folder).mkdir(parents=True, exist_ok=True)
    for project in asked.projects:
        page = json.loads((asked.store / "pages" / f"{project}.json").read_bytes())
        releases = _releases(asked.store, page["files"])
        files = [f for f in page["files"] if _version(f) in releases and _is_wanted(f)]
        _write(asked.out / "pages" / f"{project}.json", {**page, "files": files})
        _write(asked.out / "releases" / f"{project}.json", releases)


def _releases(store: Path, files: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By version, newest first: those whose metadata is there."""
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        path = store / "metadata" / file["filename"]
        if path.exists() and _version(file) not in found:
            metadata = core_metadata.parse(path.read_bytes())
            lines = path.read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
            found[_version(file)] = {
                "python": str(metadata.requires_python),
                "requires": _values(lines, "Requires-Dist"),
                "extras": _values(lines, "Provides-Extra"),
            }
    return dict(list(found.items())[:RELEASES])


def _values(lines: list[str], name: str) -> list[str]:
    return [line.partition(": ")[2] for line in lines if line.startswith(f"{name}: ")]


def _version(file: dict[str, Any]) -> str:
    return project_and_version(file["filename"])[1]


def _is_wanted(file: dict[str, Any]) -> bool:
    tags = parse_wheel_filename(file["filename"])[3]
    return any(tag.platform in PLATFORMS for tag in tags)


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
