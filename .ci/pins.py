"""
Refresh ``matrix/data/lanes.json`` from the cibuildwheel releases themselves; run by ``nox -s
pins``.

For every lane: the identifiers it serves and the images it pins, both read from inside its wheel,
which pip fetches from the configured index.
"""

import configparser
import json
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

LANES: Final = ("4.3.3", "3.4.1", "2.23.4", "1.12.0")

# Only these systems have wheels in our sense; 4.x also knows android, ios and pyodide.
SYSTEMS: Final = ("linux", "macos", "windows")

# These images of lane 1.12.0 came after 2.7 was removed from them, and 2.7 is what the lane is for.
WITHOUT_27: Final = (
    "manylinux2014_x86_64",
    "manylinux_2_24_x86_64",
    "manylinux2014_i686",
    "manylinux_2_24_i686",
)

RESOURCES: Final = "cibuildwheel/resources"
DATA: Final = Path(__file__).resolve().parent.parent / "matrix" / "data" / "lanes.json"


def lane(version: str, wheel: Path) -> dict[str, Any]:
    """What one cibuildwheel release says about itself."""
    with zipfile.ZipFile(wheel) as archive:
        platforms = tomllib.loads(archive.read(f"{RESOURCES}/build-platforms.toml").decode())
        pinned = configparser.ConfigParser(inline_comment_prefixes=("#",))
        pinned.read_string(archive.read(f"{RESOURCES}/pinned_docker_images.cfg").decode())
    identifiers = {
        entry["identifier"]
        for system in SYSTEMS
        for entry in platforms[system]["python_configurations"]
        if entry["identifier"].startswith("cp")
    }
    images = {
        f"{policy}_{arch}": reference
        for arch in pinned.sections()
        if not arch.startswith("pypy")
        for policy, reference in pinned[arch].items()
        if f"{policy}_{arch}" not in (WITHOUT_27 if version == "1.12.0" else ())
    }
    return {
        "version": version,
        "identifiers": sorted(identifiers),
        "images": dict(sorted(images.items())),
    }


def fetch(version: str, into: Path) -> Path:
    """The wheel of one cibuildwheel release."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(into)]
    subprocess.run([*command, f"cibuildwheel=={version}"], check=True)
    return next(into.glob(f"cibuildwheel-{version}-*.whl"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        lanes = [lane(version, fetch(version, Path(scratch))) for version in LANES]
    DATA.write_text(json.dumps({"lanes": lanes}, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(f"wrote {DATA.name}: {', '.join(LANES)}")
