"""``runner check``: what a machine lacks, found with programs that answer as real ones do."""

import dataclasses
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from matrix.builds.host import Host
from matrix.manifest.reading import read
from matrix.plan.job_classes import job_classes
from matrix.toolchain import needs, readiness
from matrix.toolchain.finding import Finding
from matrix.toolchain.needs import Wanted
from matrix.toolchain.readiness import Runner

from .builds import HERE, QUIET, program

WINDOWS = Host(system="windows", arch="x86_64", python=HERE.python)
MAC = Host(system="macos", arch="aarch64", python=HERE.python)
ENOUGH = 10**11


def wanted(platform: str, *pythons: str, engine: str = "podman") -> tuple[Wanted, ...]:
    text = (
        f"bundle: small\ntargets:\n  t: {{platform: {platform}, python: [{', '.join(pythons)}]}}\n"
        f"runners:\n  - {{match: '*', engine: {engine}, github: x, "
        f"images: {{{platform}: 'image:1'}}}}\n"
        "packages: [six]\n"
    )
    manifest = read(text)
    return needs.wanted(manifest.all_targets, set(job_classes(manifest).values()))


def found(
    asked: tuple[Wanted, ...],
    directory: Path,
    *,
    machine: Host = HERE,
    environment: Mapping[str, str] | None = None,
    free: int = ENOUGH,
    python: tuple[int, int, int] = (3, 11, 4),
) -> dict[str, Finding]:
    """Findings by subject; every lane that is asked for is installed already."""
    for lane in {one.service.lane for one in asked}:
        home = directory / "cache" / f"cibuildwheel-{lane}"
        for place in ("bin/python", "Scripts/python.exe"):
            program(home / place, f"echo {lane}")
    runner = Runner(
        machine=machine,
        python=python,
        environment={"PATH": str(directory / "bin"), **(environment or {})},
        cache=directory / "cache",
        reporter=QUIET,
        free=lambda _: free,
    )
    return {one.subject: one for one in readiness.findings(asked, runner)}


def engine(directory: Path, name: str, version: str, *, platform: str = "linux/amd64") -> None:
    body = f'case "$1 $3" in version*) echo {version} ;; *) echo {shlex.quote(platform)} ;; esac'
    program(directory / "bin" / name, body)


LINUX = "manylinux_2_28_x86_64"


def test_a_machine_that_has_everything_is_told_so(tmp_path: Path) -> None:
    engine(tmp_path, "podman", "4.3.1")

    answers = found(wanted(LINUX, "3.12.4", "2.7.18"), tmp_path)

    assert list(map(str, answers.values())) == [
        "ok     python: 3.11.4",
        f"ok     space: 100.0 GB free at {tmp_path}/cache",
        f"ok     targets: 1.12.0 cp27-{LINUX}, 4.3.3 cp312-{LINUX}",
        "ok     cibuildwheel 1.12.0: can be installed",
        "ok     cibuildwheel 4.3.3: can be installed",
        "ok     podman: 4.3.1",
        "ok     image image:1: is here, linux/amd64",
    ]


def test_what_is_lacking_comes_with_what_to_do(tmp_path: Path) -> None:
    answers = found(wanted(LINUX, "3.12.4"), tmp_path, free=10**9, python=(3, 10, 2))

    lacking = [str(one) for one in answers.values() if not one.is_ok]
    assert lacking == [
        (
            "lacks  python: expected Python 3.11.4 or newer, got 3.10.2\n"
            "         do: install Python 3.11.4 or newer"
        ),
        (
            f"lacks  space: expected 5 GB, got 1.0 GB free at {tmp_path}/cache\n"
            "         do: free some, or name another --cache"
        ),
        "lacks  podman: podman is not installed\n         do: install podman and run this again",
    ]


def test_a_machine_for_which_nothing_is_meant_says_so(tmp_path: Path) -> None:
    answers = found(wanted("win_amd64", "3.12.4"), tmp_path)

    assert answers["targets"].lacks == "no target of the manifest builds on linux x86_64"


@pytest.mark.parametrize(
    ("python", "version", "lacks"),
    [
        ("3.6.15", "29.1.0", "cibuildwheel 2.23.4 does not understand docker 29.1.0"),
        ("3.6.15", "28.5.1", ""),
        ("3.12.4", "29.1.0", ""),
        ("2.7.18", "29.1.0", ""),
    ],
    ids=["lane-2-docker-29", "lane-2-docker-28", "lane-4", "lane-1"],
)
def test_a_docker_that_a_lane_cannot_read_is_named(
    python: str, version: str, lacks: str, tmp_path: Path
) -> None:
    engine(tmp_path, "docker", version)

    answers = found(wanted(LINUX, python, engine="docker"), tmp_path)

    assert answers["docker"].lacks == lacks


def test_a_podman_that_is_too_old_is_named(tmp_path: Path) -> None:
    engine(tmp_path, "podman", "2.2.1")

    answers = found(wanted(LINUX, "3.12.4"), tmp_path)

    assert answers["podman"].lacks == "expected podman 3 or newer, got 2.2.1"


def test_an_image_of_another_architecture_is_named(tmp_path: Path) -> None:
    engine(tmp_path, "podman", "4.3.1", platform="linux/arm64")

    answers = found(wanted(LINUX, "3.12.4"), tmp_path)

    assert answers["image image:1"] == Finding(
        subject="image image:1",
        lacks="expected one for linux/amd64, got linux/arm64",
        hint="pull or import it for linux/amd64",
    )


# Windows ----------------------------------------------------------------------------------------


def compilers(directory: Path, *components: str) -> dict[str, str]:
    """A machine with these of Microsoft's compilers, and the variable that leads to them."""
    place = directory / "Program Files (x86)"
    known = "".join(f"*.{name}) echo 'C:\\BuildTools' ;; " for name in components)
    body = f'for last; do :; done; case "$last" in {known}*) ;; esac'
    program(place / "Microsoft Visual Studio/Installer/vswhere.exe", body)
    return {"ProgramFiles(x86)": str(place)}


def test_windows_without_build_tools_is_told(tmp_path: Path) -> None:
    answers = found(wanted("win_amd64", "3.12.4"), tmp_path, machine=WINDOWS)

    assert answers["compiler x86.x64"] == Finding(
        subject="compiler x86.x64",
        lacks="expected vswhere.exe, got none",
        hint="install the Visual C++ Build Tools (workload VCTools) and run this again",
    )


def test_windows_needs_the_compiler_of_its_targets(tmp_path: Path) -> None:
    environment = compilers(tmp_path, "x86.x64")
    arm = dataclasses.replace(WINDOWS, arch="aarch64")

    intel = found(wanted("win_amd64", "3.12.4"), tmp_path, machine=WINDOWS, environment=environment)
    other = found(wanted("win_arm64", "3.12.4"), tmp_path, machine=arm, environment=environment)

    assert str(intel["compiler x86.x64"]) == "ok     compiler x86.x64: C:\\BuildTools"
    assert other["compiler ARM64"].lacks == (
        "expected Microsoft.VisualStudio.Component.VC.Tools.ARM64, got an installation without it"
    )


def test_the_first_lane_wants_nuget_where_it_looks(tmp_path: Path) -> None:
    environment = {**compilers(tmp_path, "x86.x64"), "SystemDrive": str(tmp_path)}
    asked = wanted("win_amd64", "3.5.4")

    before = found(asked, tmp_path, machine=WINDOWS, environment=environment)
    (tmp_path / "cibw").mkdir()
    (tmp_path / "cibw" / "nuget.exe").touch()
    after = found(asked, tmp_path, machine=WINDOWS, environment=environment)

    assert before["cibw"].hint == "copy cibw1 of the toolchain there"
    assert after["cibw"].is_ok


def test_2_7_on_windows_needs_its_own_compiler(tmp_path: Path) -> None:
    environment = {**compilers(tmp_path, "x86.x64"), "DISTUTILS_USE_SDK": "1"}
    asked = wanted("win_amd64", "2.7.18")

    before = found(asked, tmp_path, machine=WINDOWS, environment=environment)
    environment["MSSdk"] = "1"
    after = found(asked, tmp_path, machine=WINDOWS, environment=environment)

    assert before["compiler of 2.7"].lacks == (
        "expected the variables DISTUTILS_USE_SDK and MSSdk, got no MSSdk"
    )
    assert after["compiler of 2.7"].is_ok


# macOS ------------------------------------------------------------------------------------------


def mac(directory: Path, *receipts: str, sudo: bool) -> None:
    program(directory / "bin/xcode-select", "echo /Library/Developer/CommandLineTools")
    program(directory / "bin/pkgutil", "".join(f"echo {name}\n" for name in receipts))
    program(directory / "bin/sudo", "exit 0" if sudo else "exit 1")


@pytest.mark.parametrize(
    ("installed", "sudo", "ci", "said"),
    [
        (True, False, "", "ok     python.org's 3.12: is installed"),
        (False, True, "true", "ok     python.org's 3.12: cibuildwheel may install it"),
        (
            False,
            True,
            "",
            (
                "lacks  python.org's 3.12: is not installed, "
                "and cibuildwheel installs none outside of CI"
            ),
        ),
        (
            False,
            False,
            "true",
            "lacks  python.org's 3.12: is not installed, and sudo asks for a password",
        ),
    ],
    ids=["installed", "in-ci", "not-in-ci", "password"],
)
def test_macos_needs_the_installers_or_the_right_to_use_them(
    installed: bool,
    sudo: bool,
    ci: str,
    said: str,
    tmp_path: Path,
) -> None:
    receipts = ["org.python.Python.PythonFramework-3.12"] if installed else []
    mac(tmp_path, *receipts, sudo=sudo)
    asked = wanted("macosx_12_0_arm64", "3.12.4", "pypy-8.0.0-3.11.13")

    answers = found(asked, tmp_path, machine=MAC, environment={"CI": ci} if ci else {})

    assert str(answers["python.org's 3.12"]).splitlines()[0] == said
    assert answers["command line tools"].detail == "/Library/Developer/CommandLineTools"
    assert [name for name in answers if name.startswith("python.org")] == ["python.org's 3.12"]


def test_a_lane_that_looks_into_no_cache_needs_its_installers(tmp_path: Path) -> None:
    mac(tmp_path, sudo=True)
    intel = dataclasses.replace(MAC, arch="x86_64")
    asked = wanted("macosx_10_15_x86_64", "3.6.15")
    environment = {"CI": "true", "WHEELYARD_TOOLCHAIN": str(tmp_path)}

    opened = found(asked, tmp_path, machine=intel, environment={"CI": "true"})
    closed = found(asked, tmp_path, machine=intel, environment=environment)

    assert opened["python.org's 3.6"].is_ok
    assert closed["python.org's 3.6"].lacks == (
        "is not installed, and cibuildwheel 2.23.4 would download it"
    )


def test_a_free_threaded_python_is_an_installer_of_its_own(tmp_path: Path) -> None:
    mac(tmp_path, "org.python.Python.PythonFramework-3.14", sudo=False)

    answers = found(wanted("macosx_12_0_arm64", "3.14.0t"), tmp_path, machine=MAC)

    assert not answers["python.org's 3.14 (free-threaded)"].is_ok


def test_a_mac_without_compilers_is_told(tmp_path: Path) -> None:
    answers = found(wanted("macosx_12_0_arm64", "3.12.4"), tmp_path, machine=MAC)

    assert str(answers["command line tools"]) == (
        "lacks  command line tools: expected Apple's command line tools, got none\n"
        "         do: xcode-select --install"
    )
