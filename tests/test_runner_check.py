"""``runner check``: what a machine lacks, with programs that answer like real ones."""

import dataclasses
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from matrix.builds.host import Host
from matrix.manifest.reading import read
from matrix.plan.job_classes import assign_job_classes
from matrix.toolchain import needs, readiness
from matrix.toolchain.finding import Finding
from matrix.toolchain.needs import Need
from matrix.toolchain.readiness import Runner

from .builds import HERE, QUIET, program

WINDOWS = Host(system="windows", arch="x86_64", python=HERE.python)
MAC = Host(system="macos", arch="aarch64", python=HERE.python)
ENOUGH = 10**11


def find_needs(platform: str, *pythons: str, engine: str = "podman") -> tuple[Need, ...]:
    text = (
        f"bundle: small\ntargets:\n  t: {{platform: {platform}, python: [{', '.join(pythons)}]}}\n"
        f"runners:\n  - {{match: '*', engine: {engine}, github: x, "
        f"images: {{{platform}: 'image:1'}}}}\n"
        "packages: [six]\n"
    )
    manifest = read(text)
    return needs.find_needs(manifest.all_targets, set(assign_job_classes(manifest).values()))


def check(
    needs: tuple[Need, ...],
    directory: Path,
    *,
    machine: Host = HERE,
    environment: Mapping[str, str] | None = None,
    free: int = ENOUGH,
    python: tuple[int, int, int] = (3, 11, 4),
) -> dict[str, Finding]:
    """Return the findings by subject; every lane in ``needs`` is installed already."""
    for lane in {need.service.lane for need in needs}:
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
    return {finding.subject: finding for finding in readiness.check_runner(needs, runner)}


def engine(directory: Path, name: str, version: str, *, platform: str = "linux/amd64") -> None:
    body = f'case "$1 $3" in version*) echo {version} ;; *) echo {shlex.quote(platform)} ;; esac'
    program(directory / "bin" / name, body)


LINUX = "manylinux_2_28_x86_64"


def test_every_check_of_a_complete_machine_passes(tmp_path: Path) -> None:
    engine(tmp_path, "podman", "4.3.1")

    answers = check(find_needs(LINUX, "3.12.4", "2.7.18"), tmp_path)

    assert list(map(str, answers.values())) == [
        "ok     python: 3.11.4",
        f"ok     space: 100.0 GB free at {tmp_path}/cache",
        f"ok     targets: 1.12.0 cp27-{LINUX}, 4.3.3 cp312-{LINUX}",
        "ok     cibuildwheel 1.12.0: can be installed",
        "ok     cibuildwheel 4.3.3: can be installed",
        "ok     podman: 4.3.1",
        "ok     image image:1: present, linux/amd64",
    ]


def test_each_lack_has_a_remedy(tmp_path: Path) -> None:
    answers = check(find_needs(LINUX, "3.12.4"), tmp_path, free=10**9, python=(3, 10, 2))

    lacking = [str(finding) for finding in answers.values() if not finding.is_ok]
    assert lacking == [
        (
            "lacks  python: expected Python 3.11.4 or newer, got 3.10.2\n"
            "         do: install Python 3.11.4 or newer"
        ),
        (
            f"lacks  space: expected 5 GB, got 1.0 GB free at {tmp_path}/cache\n"
            "         do: free some space, or choose another directory with --cache"
        ),
        "lacks  podman: podman is not installed\n         do: install podman and run this again",
    ]


def test_a_machine_without_any_target_is_reported(tmp_path: Path) -> None:
    answers = check(find_needs("win_amd64", "3.12.4"), tmp_path)

    assert answers["targets"].lacks == "no target of the manifest builds on linux x86_64"


@pytest.mark.parametrize(
    ("python", "version", "lacks"),
    [
        ("3.6.15", "29.1.0", "cibuildwheel 2.23.4 does not support docker 29.1.0"),
        ("3.6.15", "28.5.1", ""),
        ("3.12.4", "29.1.0", ""),
        ("2.7.18", "29.1.0", ""),
    ],
    ids=["lane-2-docker-29", "lane-2-docker-28", "lane-4", "lane-1"],
)
def test_a_docker_that_a_lane_does_not_support_is_reported(
    python: str, version: str, lacks: str, tmp_path: Path
) -> None:
    engine(tmp_path, "docker", version)

    answers = check(find_needs(LINUX, python, engine="docker"), tmp_path)

    assert answers["docker"].lacks == lacks


def test_an_old_podman_is_reported(tmp_path: Path) -> None:
    engine(tmp_path, "podman", "2.2.1")

    answers = check(find_needs(LINUX, "3.12.4"), tmp_path)

    assert answers["podman"].lacks == "expected podman 3 or newer, got 2.2.1"


def test_an_image_of_another_architecture_is_reported(tmp_path: Path) -> None:
    engine(tmp_path, "podman", "4.3.1", platform="linux/arm64")

    answers = check(find_needs(LINUX, "3.12.4"), tmp_path)

    assert answers["image image:1"] == Finding(
        subject="image image:1",
        lacks="expected an image for linux/amd64, got linux/arm64",
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


def test_windows_without_build_tools_is_reported(tmp_path: Path) -> None:
    answers = check(find_needs("win_amd64", "3.12.4"), tmp_path, machine=WINDOWS)

    assert answers["compiler x86.x64"] == Finding(
        subject="compiler x86.x64",
        lacks="vswhere.exe not found",
        hint="install the Visual C++ Build Tools (workload VCTools) and run this again",
    )


def test_windows_needs_the_compiler_of_its_targets(tmp_path: Path) -> None:
    environment = compilers(tmp_path, "x86.x64")
    arm = dataclasses.replace(WINDOWS, arch="aarch64")

    intel = check(
        find_needs("win_amd64", "3.12.4"), tmp_path, machine=WINDOWS, environment=environment
    )
    other = check(find_needs("win_arm64", "3.12.4"), tmp_path, machine=arm, environment=environment)

    assert str(intel["compiler x86.x64"]) == "ok     compiler x86.x64: C:\\BuildTools"
    assert other["compiler ARM64"].lacks == (
        "Microsoft.VisualStudio.Component.VC.Tools.ARM64 is not installed"
    )


def test_the_first_lane_needs_nuget_in_its_cache(tmp_path: Path) -> None:
    environment = {**compilers(tmp_path, "x86.x64"), "SystemDrive": str(tmp_path)}
    needs = find_needs("win_amd64", "3.5.4")

    before = check(needs, tmp_path, machine=WINDOWS, environment=environment)
    (tmp_path / "cibw").mkdir()
    (tmp_path / "cibw" / "nuget.exe").touch()
    after = check(needs, tmp_path, machine=WINDOWS, environment=environment)

    assert before["cibw"].hint == f"copy the directory cibw1 of the toolchain to {tmp_path}/cibw"
    assert after["cibw"].is_ok


def test_python_2_7_on_windows_needs_its_own_compiler(tmp_path: Path) -> None:
    environment = {**compilers(tmp_path, "x86.x64"), "DISTUTILS_USE_SDK": "1"}
    needs = find_needs("win_amd64", "2.7.18")

    before = check(needs, tmp_path, machine=WINDOWS, environment=environment)
    environment["MSSdk"] = "1"
    after = check(needs, tmp_path, machine=WINDOWS, environment=environment)

    assert before["compiler for Python 2.7"].lacks == ("the variable MSSdk is not set")
    assert after["compiler for Python 2.7"].is_ok


# macOS ------------------------------------------------------------------------------------------


def mac(directory: Path, *receipts: str, sudo: bool) -> None:
    program(directory / "bin/xcode-select", "echo /Library/Developer/CommandLineTools")
    program(directory / "bin/pkgutil", "".join(f"echo {name}\n" for name in receipts))
    program(directory / "bin/sudo", "exit 0" if sudo else "exit 1")


@pytest.mark.parametrize(
    ("installed", "sudo", "ci", "expected"),
    [
        (True, False, "", "ok     python.org's 3.12: installed"),
        (False, True, "true", "ok     python.org's 3.12: cibuildwheel can install it"),
        (
            False,
            True,
            "",
            (
                "lacks  python.org's 3.12: not installed, "
                "and cibuildwheel installs interpreters only in CI"
            ),
        ),
        (
            False,
            False,
            "true",
            "lacks  python.org's 3.12: not installed, and sudo asks for a password",
        ),
    ],
    ids=["installed", "in-ci", "not-in-ci", "password"],
)
def test_macos_needs_installed_interpreters_or_sudo_in_ci(
    installed: bool,
    sudo: bool,
    ci: str,
    expected: str,
    tmp_path: Path,
) -> None:
    receipts = ["org.python.Python.PythonFramework-3.12"] if installed else []
    mac(tmp_path, *receipts, sudo=sudo)
    needs = find_needs("macosx_12_0_arm64", "3.12.4", "pypy-8.0.0-3.11.13")

    answers = check(needs, tmp_path, machine=MAC, environment={"CI": ci} if ci else {})

    assert str(answers["python.org's 3.12"]).splitlines()[0] == expected
    assert answers["command line tools"].detail == "/Library/Developer/CommandLineTools"
    assert [name for name in answers if name.startswith("python.org")] == ["python.org's 3.12"]


def test_a_lane_without_a_cache_needs_installed_interpreters(tmp_path: Path) -> None:
    mac(tmp_path, sudo=True)
    intel = dataclasses.replace(MAC, arch="x86_64")
    needs = find_needs("macosx_10_15_x86_64", "3.6.15")
    environment = {"CI": "true", "WHEELYARD_TOOLCHAIN": str(tmp_path)}

    opened = check(needs, tmp_path, machine=intel, environment={"CI": "true"})
    closed = check(needs, tmp_path, machine=intel, environment=environment)

    assert opened["python.org's 3.6"].is_ok
    assert closed["python.org's 3.6"].lacks == (
        "not installed, and cibuildwheel 2.23.4 would download it"
    )


def test_a_free_threaded_python_has_its_own_installer(tmp_path: Path) -> None:
    mac(tmp_path, "org.python.Python.PythonFramework-3.14", sudo=False)

    answers = check(find_needs("macosx_12_0_arm64", "3.14.0t"), tmp_path, machine=MAC)

    assert not answers["python.org's 3.14 (free-threaded)"].is_ok


def test_a_mac_without_compilers_is_reported(tmp_path: Path) -> None:
    answers = check(find_needs("macosx_12_0_arm64", "3.12.4"), tmp_path, machine=MAC)

    assert str(answers["command line tools"]) == (
        "lacks  command line tools: not found\n         do: xcode-select --install"
    )
