"""
A runner without internet: the four Linux lanes build in a network that is loopback alone.

What they use was carried: the toolchain, the plan, and the distributions that the plan names, which
one index on loopback serves.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from matrix.edge import files
from matrix.edge.programs import Finished, run
from matrix.errors import NotEquipped
from matrix.index.client import Index

from . import older
from .flow import ROOT, Tool
from .images import PLATFORM, Images
from .interpreters import Interpreter, interpreters
from .test_toolchain_layout import index

__all__ = ["index"]

MINUTES: Final = 60.0
# One interpreter of each lane.
SERIES: Final = ("2.7", "3.6", "3.8", "3.13")
LANES: Final = ("1.12.0", "2.23.4", "3.4.1", "4.3.3")


@pytest.fixture(scope="module")
def carried(
    images: Images,
    environment: Mapping[str, str],
    index: Index,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """What leaves the open network: manifest, lock, plan, toolchain, distributions."""
    image = older.make(images)
    place = tmp_path_factory.mktemp("carried")
    found = interpreters(environment, wanted=SERIES)
    files.write(place / "packages.yaml", manifest(found, image))
    tool = Tool(directory=place, environment=images.podman.environment)
    common = ("--cache", str(place.with_name("open-cache")), "--quiet")
    steps = (("lock",), ("plan", "--out", "."), ("toolchain", "--out", "toolchain"))
    for step in steps:
        finished = tool(*step, *common, timeout=5 * MINUTES)
        assert finished.succeeded, finished.output
    plan = json.loads((place / "plan.json").read_text(encoding="utf-8"))
    for name in sorted(distributions(plan)):
        published = index.find_file(canonicalize_name(project(name)), name)
        files.copy(
            index.fetch_file(published), place / "distributions" / name, sha256=published.sha256
        )
    return place


def manifest(found: tuple[Interpreter, ...], image: str) -> str:
    versions = ", ".join(each.version for each in found)
    return (
        "bundle: closed\n"
        f"targets:\n  here: {{platform: {PLATFORM}, python: [{versions}]}}\n"
        "runners:\n"
        f"  - {{match: '*', engine: podman, github: x, images: {{{PLATFORM}: '{image}'}}}}\n"
        "packages:\n"
        "  - {requirement: netifaces, source: build}\n"
        "  - {requirement: docopt, source: build}\n"
    )


def distributions(plan: Mapping[str, Any]) -> set[str]:
    """Every sdist of the plan, and every wheel that a build may install."""
    sdists = {build["sdist"] for job in plan["jobs"] for build in job["builds"]}
    return sdists | {file["filename"] for file in plan["build_requirements"]}


def project(filename: str) -> str:
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)[0]
    return parse_sdist_filename(filename)[0]


def closed(carried: Path, environment: Mapping[str, str], *arguments: str, cache: Path) -> Finished:
    """Run a verb where there is no network but loopback, with nothing that was cached before."""
    unshare = shutil.which("unshare", path=environment.get("PATH"))
    if unshare is None:
        raise NotEquipped
    verb = [sys.executable, "-m", "matrix", *arguments, "--cache", str(cache)]
    command = [unshare, "--net", sys.executable, "-m", "tests.e2e.closed"]
    command += [str(carried / "distributions"), *verb]
    # The variables that name an index or a proxy of the open network stay there.
    kept = {n: v for n, v in environment.items() if not n.startswith(("PIP_", "UV_"))}
    kept = {n: v for n, v in kept.items() if not n.lower().endswith("_proxy")}
    kept |= {"PYTHONPATH": str(ROOT), "PIP_CONFIG_FILE": "/dev/null"}
    return run(command, environment=kept, directory=ROOT, timeout=20 * MINUTES)


@pytest.fixture(scope="module")
def wheels(carried: Path, images: Images, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the closed runner builds."""
    place = tmp_path_factory.mktemp("closed")
    told = ("--manifest", str(carried / "packages.yaml"), "--plan", str(carried / "plan.json"))
    arguments = ("build", "--local", *told, "--toolchain", str(carried / "toolchain"))
    finished = closed(
        carried,
        images.podman.environment,
        *(*arguments, "--out", str(place / "wheels")),
        cache=place / "cache",
    )
    assert finished.succeeded, finished.output
    return place / "wheels"


def test_every_lane_builds_with_no_network_at_all(carried: Path, wheels: Path) -> None:
    plan = json.loads((carried / "plan.json").read_text(encoding="utf-8"))
    assert sorted(one["lane"] for one in plan["job_classes"]) == sorted(LANES)
    built = [parse_wheel_filename(path.name) for path in wheels.glob("netifaces-*.whl")]
    interpreters_built = {tag.interpreter for *_, tags in built for tag in tags}
    assert interpreters_built == {f"cp{series.replace('.', '')}" for series in SERIES}


def test_a_pure_wheel_is_built_and_tested_by_every_lane(
    carried: Path, wheels: Path, images: Images
) -> None:
    tried = sorted(path.relative_to(wheels).as_posix() for path in wheels.glob("**/docopt-*.whl"))
    tool = Tool(directory=carried, environment=images.podman.environment)
    collected = tool("collect", str(wheels), "--plan", "plan.json", timeout=MINUTES)

    majors = {1: 2, 2: 3, 3: 3, 4: 3}
    assert tried == [
        f"shared/manylinux-x86-64-cibw{lane}/docopt-0.6.2-py{major}-none-any.whl"
        for lane, major in majors.items()
    ]
    assert collected.succeeded, collected.output


def test_a_closed_runner_is_ready_with_its_toolchain_and_not_without(
    carried: Path, images: Images, tmp_path: Path
) -> None:
    arguments = ("runner", "check", "--manifest", str(carried / "packages.yaml"), "--quiet")
    toolchain = ("--toolchain", str(carried / "toolchain"))

    environment = images.podman.environment
    check = ("toolchain", "--check", toolchain[1], *arguments[2:])
    checked = closed(carried, environment, *check, cache=tmp_path / "cache")
    ready = closed(carried, environment, *arguments, *toolchain, cache=tmp_path / "cache")
    bare = closed(carried, environment, *arguments, cache=tmp_path / "other")

    assert checked.succeeded, checked.output
    lacking = [line for line in ready.output.splitlines() if line.startswith("lacks")]
    # The index of this test serves what the plan names, and no pip.
    assert [line.partition(":")[0].split()[:2] for line in lacking] == [["lacks", "index"]]
    for lane in LANES:
        assert f"ok     cibuildwheel {lane}: can be installed" in ready.output
        assert f"lacks  cibuildwheel {lane}: cannot be installed" in bare.output
