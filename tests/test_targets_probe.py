"""The probe: what it says of real interpreters, and of systems that are not this one."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from matrix.cli import main
from matrix.manifest.reading import read
from matrix.targets import probe
from matrix.targets.invalid import InvalidTarget

from .interpreters import ask, cpythons, pypy
from .manifests import text

INTERPRETERS = [*cpythons(), *([pypy()] if pypy() else [])]
MUSL = Path("/lib/ld-musl-x86_64.so.1")

ANYWHERE = text("six").replace("*linux*_x86_64", "*")

Probe = dict[str, Any]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Probe]:
    """The script's functions, in a process where parts of the standard library lie."""

    def lying(**lies: object) -> Probe:
        names: Probe = {"__name__": "probe"}
        exec(probe.read_script(), names)  # noqa: S102 - what is under test
        for name, value in lies.items():
            module, _, attribute = name.partition("__")
            monkeypatch.setattr(names[module], attribute, value)
        return names

    return lying


@pytest.mark.parametrize("python", INTERPRETERS, ids=str)
def test_the_script_prints_a_line_that_the_manifest_takes(python: Path) -> None:
    ran = subprocess.run(
        [python, "-"], input=probe.read_script(), capture_output=True, text=True, check=True
    )
    manifest = read(ANYWHERE.replace("runners:", f"{ran.stdout}runners:"))

    (target,) = [*manifest.targets.values()][-1].targets
    expected = ask(python)
    if expected is not None:
        assert str(target.python) == expected.python
        assert str(target.tags()[0]) == expected.tags[0] or not expected.has_floors()


def test_the_verb_prints_targets_that_the_manifest_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["targets", "--probe"]) == 0
    printed = capsys.readouterr().out
    start, end = ANYWHERE.index("targets:"), ANYWHERE.index("runners:")
    manifest = read(ANYWHERE[:start] + printed + ANYWHERE[end:])

    (target,) = manifest.all_targets
    assert target.python.full == sys.version.split()[0]


@pytest.mark.skipif(len(cpythons()) < 4, reason="this machine has fewer than four CPythons")
def test_several_interpreters_are_one_group_of_their_platform(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pyenv = [path for path in cpythons() if "versions" in path.parts]
    older = list({path.parts[-3].rpartition(".")[0]: str(path) for path in pyenv}.values())

    assert main(["targets", "--probe", "--json", "--python", *older]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert main(["targets", "--probe", "--python", *reversed(older)]) == 0
    heading, line = capsys.readouterr().out.splitlines()

    assert heading == "targets:"
    platform = rows[0]["platform"]
    versions = ", ".join(sorted((row["python"] for row in rows), key=_numbers))
    name = platform.replace("_", "-")
    assert line == f"  {name}: {{platform: {platform}, python: [{versions}]}}"
    assert [row["program"] for row in rows] == older


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def test_every_program_that_is_not_a_python_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jython, missing = tmp_path / "jython", tmp_path / "missing"
    jython.write_text("#!/bin/sh\necho 'expected CPython or PyPy, got Jython' >&2\nexit 1\n")
    jython.chmod(0o755)

    assert main(["targets", "--probe", "--python", str(missing), str(jython), "/bin/true"]) == 2
    assert capsys.readouterr().err == (
        f"{missing}: expected a Python, got: no such file or directory\n"
        f"{jython}: expected CPython or PyPy, got Jython\n"
        "/bin/true: expected a Python, got: nothing\n"
    )


def test_two_versions_of_one_target_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = []
    for version in ("3.11.2", "3.11.7"):
        answer = json.dumps({"python": version, "platform": "win_amd64"})
        program = tmp_path / version
        program.write_text(f"#!/bin/sh\necho {shlex.quote(answer)}\n")
        program.chmod(0o755)
        programs.append(str(program))

    assert main(["targets", "--probe", "--python", *programs, programs[0]]) == 2
    first, second = programs
    assert capsys.readouterr().err == (
        f"{second}: expected one version of cp311-win_amd64, got 3.11.2 of {first} too\n"
        f"  hint: leave out {first}\n"
    )


def test_the_script_can_be_printed_for_another_machine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["targets", "--probe-script"]) == 0

    assert capsys.readouterr().out == probe.read_script()


def test_the_option_python_implies_probe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets", "--python", sys.executable]) == 0

    assert capsys.readouterr().out.startswith("targets:\n")


def test_warnings_of_an_interpreter_before_the_answer_are_ignored() -> None:
    message = 'Could not find platform libraries\n{"python": "3.9.1", "platform": "win32"}\n'

    assert probe.parse_answer(message).id == "cp39-win32"


def test_an_answer_with_an_unsupported_platform_is_an_error() -> None:
    with pytest.raises(InvalidTarget) as caught:
        probe.parse_answer('{"python": "3.9.1", "platform": "manylinux_2_36_sparc64"}')

    assert str(caught.value).startswith("'manylinux_2_36_sparc64' has no known architecture")


@pytest.mark.parametrize(
    ("release", "machine", "tag"),
    [
        ("10.13.6", "x86_64", "macosx_10_13_x86_64"),
        ("12.7.4", "arm64", "macosx_12_0_arm64"),
        ("26.0", "arm64", "macosx_26_0_arm64"),
        ("15", "x86_64", "macosx_15_0_x86_64"),
    ],
)
def test_a_mac_is_known_by_its_release(
    script: Callable[..., Probe], release: str, machine: str, tag: str
) -> None:
    names = script(
        platform__system=lambda: "Darwin",
        platform__mac_ver=lambda: (release, ("", "", ""), machine),
        platform__machine=lambda: machine,
    )

    assert names["platform_tag"]() == tag


def test_a_mac_that_pretends_to_be_old_is_probed_again(script: Callable[..., Probe]) -> None:
    calls = []

    def answer(command: list[str], *, env: dict[str, str]) -> bytes:
        calls.append((command[0], env["SYSTEM_VERSION_COMPAT"]))
        return b"13.4.1\n"

    names = script(
        platform__system=lambda: "Darwin",
        platform__mac_ver=lambda: ("10.16", ("", "", ""), "x86_64"),
        platform__machine=lambda: "x86_64",
        subprocess__check_output=answer,
    )

    assert names["platform_tag"]() == "macosx_13_0_x86_64"
    assert calls == [(sys.executable, "0")]


@pytest.mark.parametrize(
    ("message", "tag"), [("win32", "win32"), ("win-amd64", "win_amd64"), ("win-arm64", "win_arm64")]
)
def test_windows_is_known_by_its_builds(
    script: Callable[..., Probe], message: str, tag: str
) -> None:
    names = script(platform__system=lambda: "Windows", sysconfig__get_platform=lambda: message)

    assert names["platform_tag"]() == tag


@pytest.mark.parametrize(
    ("machine", "arch"), [("x86_64", "i686"), ("aarch64", "armv7l"), ("armv7l", "armv7l")]
)
def test_a_32_bit_python_is_not_of_its_kernels_architecture(
    script: Callable[..., Probe], machine: str, arch: str
) -> None:
    names = script(platform__system=lambda: "Linux", platform__machine=lambda: machine)
    names["BITS"] = 32
    names["libc"] = lambda: "manylinux_2_31"

    assert names["platform_tag"]() == f"manylinux_2_31_{arch}"


def test_the_c_library_gives_its_version_without_confstr(
    script: Callable[..., Probe],
) -> None:
    def lacking(_: str) -> str:
        raise ValueError("unrecognized configuration name")

    usual = script()["glibc"]()

    assert script(os__confstr=lacking)["glibc"]() == usual


@pytest.mark.skipif(not MUSL.exists(), reason="this machine has no musl")
def test_musl_is_known_by_its_loader(script: Callable[..., Probe], tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text(
        "7f00-7f01 r--p 00000000 08:01 1    /usr/bin/python3.12\n"
        f"7f02-7f03 r--p 00000000 08:01 2    {MUSL}\n"
        "7f04-7f05 rw-p 00000000 00:00 0 \n"
    )
    names = script()

    loader = names["musl_loader"](str(maps))
    assert loader == str(MUSL)
    assert names["musl"](loader) == ("1", "2")


@pytest.mark.parametrize(
    ("lies", "message"),
    [
        (
            {"sys__version_info": (3, 15, 0, "candidate", 1), "sys__version": "3.15.0rc1 (x)"},
            "expected a final release of Python, got 3.15.0rc1",
        ),
        (
            {"platform__python_implementation": lambda: "GraalVM"},
            "expected CPython or PyPy, got GraalVM",
        ),
        (
            {"sysconfig__get_config_var": {"Py_DEBUG": 1}.get},
            "expected a release build of CPython, got a debug build",
        ),
        (
            {"sys__maxunicode": 0xFFFF, "platform__system": lambda: "Linux"},
            "expected CPython 2.7 with UCS-4, as manylinux has it, got UCS-2",
        ),
    ],
    ids=["candidate", "graalpy", "debug", "narrow"],
)
def test_an_interpreter_without_wheels_says_so(
    script: Callable[..., Probe], lies: dict[str, Any], message: str
) -> None:
    names = script()
    real = names["sys"]
    names["sys"] = SimpleNamespace(
        version_info=lies.pop("sys__version_info", real.version_info),
        version=lies.pop("sys__version", real.version),
        maxunicode=lies.pop("sys__maxunicode", real.maxunicode),
        exit=real.exit,
    )
    for name, value in lies.items():
        module, _, attribute = name.partition("__")
        names[module] = SimpleNamespace(**{**vars(names[module]), attribute: value})

    with pytest.raises(SystemExit) as caught:
        names["python"]()

    assert caught.value.code == message


def test_a_free_threaded_python_gets_its_letter(script: Callable[..., Probe]) -> None:
    names = script(sysconfig__get_config_var={"Py_GIL_DISABLED": 1}.get)

    assert names["python"]() == f"{sys.version.split()[0]}t"
