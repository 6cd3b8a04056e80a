"""A toolchain's cache is cibuildwheel's own: every lane finds its interpreters there by itself."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from matrix.edge import files
from matrix.edge.programs import run
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import choose_settings, read_pip_options
from matrix.index.transport import Transport
from matrix.manifest.network import Network
from matrix.targets.lanes import Lane, lanes
from matrix.toolchain import assembly, needs
from matrix.toolchain.document import CACHE, Form, Service
from matrix.toolchain.needs import Need
from matrix.toolchain.resources import Resources

from .lanes import LaneParser
from .test_lane_parsers import PLATFORMS, job_class_of, parsers, served

__all__ = ["parsers"]

# Whatever would be downloaded or run is an error; sudo's installer is what it has come for.
_DRIVER: Final = """\
import importlib, inspect, json, pathlib, sys, tempfile

system, asked = sys.argv[1], json.loads(sys.argv[2])

def found(*names):
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue

place = found(f"cibuildwheel.platforms.{system}", f"cibuildwheel.{system}")
making = found("cibuildwheel.venv", "cibuildwheel.util")
resources = found("cibuildwheel.util.resources", "cibuildwheel.util")

def refuse(*arguments, **_):
    raise SystemExit(f"wanted {arguments}")

installed = []

def call(*command, **_):
    if command[0] == "pkgutil":
        return "\\n".join(installed)
    if command[0] == "sudo":
        # The installers of 3.14 and later bring both kinds, and cibuildwheel asks them to.
        version = ".".join(pathlib.Path(command[3]).name.split("-")[1].split(".")[:2])
        installed.extend(f"org.python.Python.Python{t}Framework-{version}" for t in ("", "T"))
        return ""
    if "Framework" in str(command[0]):
        return ""
    refuse(*command)

def give(function, **values):
    known = inspect.signature(function).parameters
    return function(**{name: value for name, value in values.items() if name in known})

place.download = making.download = refuse
place.call = call
place.detect_ci_provider = lambda: True
scratch = pathlib.Path(tempfile.mkdtemp())
for row in resources.read_python_configs(system):
    if row["identifier"] not in asked:
        continue
    making._ensure_virtualenv(asked[row["identifier"]])
    url, sha256 = row.get("url", ""), row.get("sha256", "")
    shared = {"tmp": scratch, "_tmp": scratch, "url": url, "sha256": sha256, "arch": "64"}
    if url and not url.endswith(".pkg"):
        made = give(place.install_pypy, **shared)
    elif system == "windows":
        made = place.install_cpython(place.PythonConfiguration(**row))
    else:
        free = "t-" in row["identifier"]
        made = give(
            place.install_cpython, **shared, version=row["version"], free_threading=free
        )
    print(row["identifier"], made)
"""

CASES: Final = [
    pytest.param(lane, platform, id=f"{lane.version}-{platform}")
    for lane in lanes()
    for platform in PLATFORMS
    # 1.12.0 has no cache to move, and 2.23.4 always downloads installers.
    if served(lane, platform)
    and lane.has_cache
    and (lane.caches_installers or "macosx" not in platform)
]


@pytest.fixture(scope="session")
def index(environment: Mapping[str, str], cache: Path) -> Iterator[Index]:
    options = read_pip_options(environment)
    settings = choose_settings(Network(), options, environment=environment)
    with contextlib.closing(Transport(settings)) as transport:
        yield Index(transport, Cache(cache / "index"))


def asked(lane: Lane, platform: str) -> tuple[Need, ...]:
    return tuple(
        Need(
            service=Service(lane=lane.version, target=target.id),
            target=target,
            job_class=job_class_of(lane, target),
        )
        for target in served(lane, platform)
    )


def furnish(cache: Path, wanted: tuple[Need, ...], facts: Mapping[str, Resources]) -> None:
    """Empty files where the toolchain of ``wanted`` would have full ones."""
    for download in needs.list_downloads(wanted, facts):
        place = cache / download.into.removeprefix(f"{CACHE}/")
        files.write(place if download.form is Form.FILE else place / "python.exe", "")
    for pin in needs.list_virtualenvs(wanted, facts):
        application = needs.describe_application(pin, ())
        files.write(cache / application.into.removeprefix(f"{CACHE}/"), "")


@pytest.mark.parametrize(("lane", "platform"), CASES)
def test_a_lane_downloads_nothing_that_the_toolchain_has(
    lane: Lane,
    platform: str,
    index: Index,
    parsers: Mapping[str, LaneParser],
    tmp_path: Path,
) -> None:
    wanted = asked(lane, platform)
    furnish(tmp_path / "cache", wanted, assembly.read_lanes(wanted, index))
    driver = tmp_path / "driver.py"
    files.write(driver, _DRIVER)
    pythons = {
        one.target.identifier: ".".join(map(str, one.target.python.series)) for one in wanted
    }
    system, _ = PLATFORMS[platform]
    command = [str(parsers[lane.version].python), str(driver), system, json.dumps(pythons)]

    finished = run(
        command,
        environment={"PATH": os.defpath, "CIBW_CACHE_PATH": str(tmp_path / "cache")},
        timeout=60,
    )

    assert finished.succeeded, finished.output
    found = {line.split()[0] for line in finished.output.splitlines()}
    assert found == set(pythons)
