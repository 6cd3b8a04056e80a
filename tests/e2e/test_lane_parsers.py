"""What we tell cibuildwheel for Windows and macOS, read by every lane's own parser."""

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from matrix.builds.environment import scrub_environment
from matrix.builds.lane_install import install_lane
from matrix.configurations.configuration import Configuration
from matrix.configurations.inputs import LockedWheel
from matrix.manifest.network import Network
from matrix.manifest.recipe import Recipe
from matrix.plan.model import JobClass
from matrix.targets.lanes import Lane, find_lane, lanes
from matrix.targets.target import Target

from .. import builds
from .lanes import LaneParser

PLATFORMS: Final = {
    "win_amd64": ("windows", "AMD64"),
    "win32": ("windows", "AMD64"),
    "win_arm64": ("windows", "ARM64"),
    "macosx_10_15_x86_64": ("macos", "x86_64"),
    "macosx_12_0_arm64": ("macos", "arm64"),
    "macosx_11_0_universal2": ("macos", "arm64"),
}
# What the prompt of 2.7's own compiler has set, without which 1.12.0 builds nothing for it.
COMPILER: Final = {"DISTUTILS_USE_SDK": "1", "MSSdk": "1"}
HOSTILE: Final = 'it\'s "quoted" & $HOME %PATH% `x` C:\\new'


def served(lane: Lane, platform: str) -> tuple[Target, ...]:
    """One target of every interpreter that ``lane`` builds on ``platform``."""
    found = {
        Target.parse(python, platform)
        for identifier in lane.identifiers
        for python in _pythons(identifier.partition("-")[0], lane)
    }
    return tuple(
        sorted(t for t in found if t.identifier in lane.identifiers and find_lane(t) is lane)
    )


def _pythons(interpreter: str, lane: Lane) -> Iterator[str]:
    found = re.fullmatch(r"(cp|pp)(\d)(\d+)(t?)", interpreter)
    if found is None:
        return
    kind, major, minor, free = found.groups()
    if kind == "cp":
        yield f"{major}.{minor}.0{free}"
    elif abi := re.search(r"_(?:pp)?(\d)(\d)$", lane.abi_by_interpreter.get(interpreter, "")):
        yield f"pypy-{abi[1]}.{abi[2]}.0-{major}.{minor}.0"


CASES: Final = [
    pytest.param(lane, platform, id=f"{lane.version}-{platform}")
    for lane in lanes()
    for platform in PLATFORMS
    if served(lane, platform)
]


@pytest.fixture(scope="session")
def parsers(environment: Mapping[str, str], cache: Path) -> Mapping[str, LaneParser]:
    ours = scrub_environment(environment, network=Network())
    plain = {"PATH": os.defpath, "HOME": environment.get("HOME", "/")}
    return {
        lane.version: LaneParser(
            python=install_lane(
                lane.version,
                host=builds.HERE,
                cache=cache / "lanes",
                environment=ours,
                reporter=builds.QUIET,
            ),
            environment=plain,
        )
        for lane in lanes()
    }


def told(
    lane: Lane,
    platform: str,
    work: Path,
    *,
    recipe: Recipe | None = None,
    is_pure: bool = False,
) -> Configuration:
    targets = served(lane, platform)
    six = LockedWheel(project="six", version="1.17.0", filename="six-1.17.0-py3-none-any.whl")
    configured = builds.configure(
        *targets,
        job_class=job_class_of(lane, targets[0]),
        recipe=recipe,
        is_pure=is_pure,
        placement=builds.place(work=work, prerequisites=(six,)),
    )
    return with_compiler(configured) if platform.startswith("win") else configured


def with_compiler(configured: Configuration) -> Configuration:
    return dataclasses.replace(configured, variables={**configured.variables, **COMPILER})


def job_class_of(lane: Lane, target: Target) -> JobClass:
    system, _ = PLATFORMS[str(target.platform)]
    assert system in {"windows", "macos"}
    return dataclasses.replace(
        builds.WINDOWS if system == "windows" else builds.MACOS,
        id=f"{target.platform}-{lane.id}",
        platform=target.platform.identifier,
        lane=lane.version,
    )


@pytest.mark.parametrize(("lane", "platform"), CASES)
def test_a_lane_would_build_exactly_the_identifiers_of_the_plan(
    lane: Lane, platform: str, parsers: Mapping[str, LaneParser], tmp_path: Path
) -> None:
    system, machine = PLATFORMS[platform]
    work = tmp_path / "it's a work directory"
    configured = told(lane, platform, work)

    identifiers = parsers[lane.version].identifiers(
        configured, work, machine=machine, system=system
    )

    assert identifiers == sorted({target.identifier for target in served(lane, platform)})


@pytest.mark.parametrize(("lane", "platform"), CASES)
def test_a_lane_reads_our_commands_and_variables_as_they_are_meant(
    lane: Lane, platform: str, parsers: Mapping[str, LaneParser], tmp_path: Path
) -> None:
    system, machine = PLATFORMS[platform]
    work = tmp_path / "it's a work directory"
    configured = told(lane, platform, work, recipe=Recipe(environment={"CFLAGS": HOSTILE}))

    read = parsers[lane.version].options(configured, work, machine=machine, system=system)

    assert sorted(read) == sorted({target.identifier for target in served(lane, platform)})
    for options in read.values():
        assert options["test"] == f'python "{work}/smoke/smoke.py"'
        assert options["package"].endswith("src/netifaces-0.11.0")
        seen = options["environment"]
        assert {name: seen.get(name) for name in configured.variables} == configured.variables
        assert seen["CFLAGS"] == HOSTILE


@pytest.mark.parametrize(("lane", "platform"), CASES)
def test_a_lane_is_given_the_carrier_of_a_pure_wheel(
    lane: Lane, platform: str, parsers: Mapping[str, LaneParser], tmp_path: Path
) -> None:
    system, machine = PLATFORMS[platform]
    work = tmp_path / "it's a work directory"
    configured = told(lane, platform, work, is_pure=True)

    read = parsers[lane.version].options(configured, work, machine=machine, system=system)

    assert sorted(read) == sorted({target.identifier for target in served(lane, platform)})
    for options in read.values():
        script = work / "pure" / "pure.py"
        assert options["before_build"] == f'python "{script}"'
        assert options["package"].endswith("carrier")
        assert options["repair"] == ""


@pytest.mark.parametrize(("lane", "platform"), [c for c in CASES if "macosx" in str(c.id)])
def test_macos_builds_keep_the_floor_of_their_targets(
    lane: Lane, platform: str, parsers: Mapping[str, LaneParser], tmp_path: Path
) -> None:
    work = tmp_path
    configured = told(lane, platform, work)

    read = parsers[lane.version].options(
        configured, work, machine=PLATFORMS[platform][1], system="macos"
    )

    floor = ".".join(platform.split("_")[1:3])
    assert {o["environment"]["MACOSX_DEPLOYMENT_TARGET"] for o in read.values()} == {floor}


@pytest.mark.parametrize("platform", ["win32", "win_amd64"])
def test_2_7_for_windows_needs_a_compiler_of_its_own(
    platform: str, parsers: Mapping[str, LaneParser], tmp_path: Path
) -> None:
    oldest = lanes()[-1]
    target = Target.parse("2.7.18", platform)
    asked = builds.configure(
        target, job_class=job_class_of(oldest, target), placement=builds.place(work=tmp_path)
    )
    equipped = with_compiler(asked)
    parser = parsers[oldest.version]

    assert parser.identifiers(asked, tmp_path, machine="AMD64", system="windows") == []
    assert parser.identifiers(equipped, tmp_path, machine="AMD64", system="windows") == [
        target.identifier
    ]
