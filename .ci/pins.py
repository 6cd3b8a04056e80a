"""
Refresh ``matrix/data/lanes.json`` from the cibuildwheel releases themselves; run by ``nox -s
pins``.

For every lane: the identifiers it serves, the images it pins, the ABI of each of its PyPys and the
groups of identifiers that it serves on request only; all read from inside its wheel, which pip
fetches from the configured index.
"""

import configparser
import json
import re
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

# Of the groups, those whose identifiers can be targets: neither pre-releases nor GraalPy.
GROUPS: Final = ("cpython-freethreading", "pypy", "pypy-eol")

RESOURCES: Final = "cibuildwheel/resources"
DATA: Final = Path(__file__).resolve().parent.parent / "matrix" / "data" / "lanes.json"


def lane(version: str, wheel: Path) -> dict[str, Any]:
    """What one cibuildwheel release says about itself."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        platforms = tomllib.loads(archive.read(f"{RESOURCES}/build-platforms.toml").decode())
        pinned = configparser.ConfigParser(inline_comment_prefixes=("#",))
        pinned.read_string(archive.read(f"{RESOURCES}/pinned_docker_images.cfg").decode())
        modules = (name for name in ("selector.py", "util.py") if f"cibuildwheel/{name}" in names)
        selector = archive.read(f"cibuildwheel/{next(modules)}").decode()
    interpreters = [
        entry
        for system in SYSTEMS
        for entry in platforms[system]["python_configurations"]
        if entry["identifier"].startswith(("cp", "pp"))
    ]
    return {
        "version": version,
        "groups": [group for group in GROUPS if f'"{group}"' in selector],
        "abis": abis(interpreters),
        "identifiers": sorted({entry["identifier"] for entry in interpreters}),
        "images": images(pinned, version, prefix=""),
        "pypy_images": images(pinned, version, prefix="pypy_"),
    }


def abis(interpreters: list[dict[str, str]]) -> dict[str, str]:
    """The ABI tag of each PyPy; that of a CPython follows from its identifier."""
    found = {}
    for entry in interpreters:
        name = entry["identifier"].partition("-")[0]
        if name.startswith("pp") and "path_str" in entry:
            found[name] = entry["path_str"].rpartition("/")[2].partition("-")[2]
    for entry in interpreters:
        name = entry["identifier"].partition("-")[0]
        release = re.search(r"-v(\d+)\.(\d+)\.", entry.get("url", ""))
        if name in found and release and not found[name].endswith("".join(release.groups())):
            raise SystemExit(f"{entry['identifier']}: its PyPy is none of {found[name]}")
    return dict(sorted(found.items()))


def images(pinned: configparser.ConfigParser, version: str, *, prefix: str) -> dict[str, str]:
    """Policy and architecture to image; ``prefix`` names the interpreters that it is for."""
    found = {
        f"{policy}_{arch.removeprefix('pypy_')}": reference
        for arch in pinned.sections()
        if arch.startswith("pypy_") == bool(prefix)
        for policy, reference in pinned[arch].items()
    }
    without = WITHOUT_27 if version == "1.12.0" and not prefix else ()
    return {name: found[name] for name in sorted(found) if name not in without}


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
