"""
Refresh ``matrix/data/lanes.json`` from the cibuildwheel releases themselves; run by ``nox -s
pins``.

For every lane: the identifiers it serves, the images it pins, the ABI of each of its PyPys, the
groups of identifiers that it serves on request only, and what it can do; all read from inside its
wheel, which pip fetches from the configured index. Beside it the hashes of what each lane is
installed from.
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


def read_lane(version: str, wheel: Path) -> dict[str, Any]:
    """The facts of one cibuildwheel release."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        platforms = tomllib.loads(archive.read(f"{RESOURCES}/build-platforms.toml").decode())
        pinned = configparser.ConfigParser(inline_comment_prefixes=("#",))
        pinned.read_string(archive.read(f"{RESOURCES}/pinned_docker_images.cfg").decode())
        modules = (name for name in ("selector.py", "util.py") if f"cibuildwheel/{name}" in names)
        selector = archive.read(f"cibuildwheel/{next(modules)}").decode()
        abilities = read_abilities(archive)
    interpreters = [
        entry
        for system in SYSTEMS
        for entry in platforms[system]["python_configurations"]
        if entry["identifier"].startswith(("cp", "pp"))
    ]
    return {
        "version": version,
        "abilities": abilities,
        "groups": [group for group in GROUPS if f'"{group}"' in selector],
        "abis": read_abis(interpreters),
        "identifiers": sorted({entry["identifier"] for entry in interpreters}),
        "images": select_images(pinned, version, prefix=""),
        "pypy_images": select_images(pinned, version, prefix="pypy_"),
    }


def read_abilities(archive: zipfile.ZipFile) -> dict[str, bool]:
    """
    What a release can do, by what stands in its defaults and its source.

    A fact that no longer shows in a newer source must be looked for anew: that is why a change of
    ``lanes.json`` is reviewed like a change of code.
    """
    names = set(archive.namelist())
    source = {
        module: "".join(
            archive.read(path).decode()
            for path in (f"cibuildwheel/{module}", f"cibuildwheel/platforms/{module}")
            if path in names
        )
        for module in ("macos.py", "oci_container.py", "windows.py")
    }
    defaults: dict[str, Any] = {}
    if f"{RESOURCES}/defaults.toml" in names:
        loaded = tomllib.loads(archive.read(f"{RESOURCES}/defaults.toml").decode())
        defaults = loaded["tool"]["cibuildwheel"]
    windows_repair = defaults.get("windows", {}).get("repair-wheel-command", "")
    return {
        "audits": "audit-command" in defaults,
        "caches_installers": "cpython-installer" in source["macos.py"],
        "has_cache": "CIBW_CACHE_PATH" in source["windows.py"],
        "has_delvewheel": windows_repair.startswith("delvewheel "),
        "installs_build": "build[virtualenv]" in source["windows.py"],
        # pypa/cibuildwheel#2660: Docker 29 spells the key in another case.
        "reads_docker_29": '["ApiVersion"]' not in source["oci_container.py"],
        "reads_toml": bool(defaults),
        "takes_compiler": '"DISTUTILS_USE_SDK"' in source["windows.py"],
    }


def read_abis(interpreters: list[dict[str, str]]) -> dict[str, str]:
    """The ABI tag of each PyPy; that of a CPython follows from its identifier."""
    abi_by_interpreter = {}
    for entry in interpreters:
        name = entry["identifier"].partition("-")[0]
        if name.startswith("pp") and "path_str" in entry:
            abi_by_interpreter[name] = entry["path_str"].rpartition("/")[2].partition("-")[2]
    for entry in interpreters:
        name = entry["identifier"].partition("-")[0]
        release = re.search(r"-v(\d+)\.(\d+)\.", entry.get("url", ""))
        abi = abi_by_interpreter.get(name, "")
        if abi and release and not abi.endswith("".join(release.groups())):
            raise SystemExit(f"{entry['identifier']}: expected a PyPy with the ABI {abi}")
    return dict(sorted(abi_by_interpreter.items()))


def select_images(
    pinned: configparser.ConfigParser, version: str, *, prefix: str
) -> dict[str, str]:
    """Policy and architecture to image; ``prefix`` names the interpreters that it is for."""
    image_by_platform = {
        f"{policy}_{arch.removeprefix('pypy_')}": reference
        for arch in pinned.sections()
        if arch.startswith("pypy_") == bool(prefix)
        for policy, reference in pinned[arch].items()
    }
    without = WITHOUT_27 if version == "1.12.0" and not prefix else ()
    return {k: image_by_platform[k] for k in sorted(image_by_platform) if k not in without}


def fetch_wheel(version: str, into: Path) -> Path:
    """The wheel of one cibuildwheel release."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(into)]
    subprocess.run([*command, f"cibuildwheel=={version}"], check=True)
    return next(into.glob(f"cibuildwheel-{version}-*.whl"))


def pin_requirements(version: str) -> None:
    """Write what a lane is installed from, for every system and Python of a runner, with hashes."""
    path = DATA.parent / "lanes" / f"cibuildwheel-{version}.txt"
    options = ("--universal", "--python-version=3.11", "--generate-hashes", "--only-binary=:all:")
    quiet = ("--quiet", "--no-annotate", "--no-header", "--no-emit-index-url", "--upgrade")
    command = [sys.executable, "-m", "uv", "pip", "compile", *options, *quiet]
    wanted = f"cibuildwheel=={version}\n".encode()
    subprocess.run([*command, f"--output-file={path}", "-"], input=wanted, check=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        lanes = [read_lane(version, fetch_wheel(version, Path(scratch))) for version in LANES]
    for version in LANES:
        pin_requirements(version)
    DATA.write_text(json.dumps({"lanes": lanes}, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(f"wrote {DATA.name}: {', '.join(LANES)}")
