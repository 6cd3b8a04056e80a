"""Engines, what was built, and whole runs with everything real but container and network."""

import dataclasses
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from matrix.builds.engine import Engine, shim_variables, write_shim
from matrix.builds.failure import build_error, select_reasons
from matrix.builds.host import Host
from matrix.builds.lane_install import install_lane
from matrix.builds.outputs import check_outputs
from matrix.builds.workspace import Availability
from matrix.edge.programs import Finished
from matrix.errors import BuildFailed, NotEquipped

from .builds import (
    HERE,
    HOSTILE,
    LINUX,
    MACOS,
    MANY,
    PLACE,
    QUIET,
    WINDOWS,
    availability,
    one,
    prepared,
    program,
    run_job,
    said,
    target,
    wheel,
)

# Engines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", HOSTILE)
def test_the_shim_drops_the_host_and_passes_the_rest(extra: str, tmp_path: Path) -> None:
    podman = program(tmp_path / "a place" / "podman", r"printf '%s\0' " + '"$@"')
    create = ("create", "--env=CIBUILDWHEEL", "--volume=/:/host", "-w", "/project", "im age", "")

    write_shim(tmp_path / "shims")
    variables = shim_variables(str(podman), (f"--env=X={extra}", "--label=a"))

    shim = tmp_path / "shims" / "docker"
    assert said(shim, *create, variables=variables) == [
        *("create", f"--env=X={extra}", "--label=a", "--env=CIBUILDWHEEL", "im age", "")
    ]
    assert said(shim, "exec", "-i", "n", "sh", "-c", "cat > $X", variables=variables) == [
        *("exec", "-i", "n", "sh", "-c", "cat > $X")
    ]
    assert said(shim, "--version", variables=variables) == ["--version"]


def test_whoever_waits_for_a_container_that_does_not_start_is_ended(tmp_path: Path) -> None:
    podman = program(tmp_path / "podman", '[ "$1" != start ]')
    write_shim(tmp_path / "shims")
    shim = shlex.quote(str(tmp_path / "shims" / "docker"))

    ended = subprocess.run(
        ["/bin/sh", "-c", f"{shim} start x; sleep 60"],
        env={"PATH": "/usr/bin:/bin", **shim_variables(str(podman), ())},
        check=False,
        timeout=30,
    )

    assert ended.returncode == -signal.SIGTERM


def test_a_job_of_another_system_names_the_runner_it_needs(tmp_path: Path) -> None:
    arm = dataclasses.replace(LINUX, platform="manylinux_aarch64")

    assert availability(WINDOWS, tmp_path).reason == "needs a windows runner"
    assert availability(MACOS, tmp_path).reason == "needs a macos runner"
    assert availability(arm, tmp_path).reason == "needs a linux runner with aarch64"


def test_each_runner_builds_its_own(tmp_path: Path) -> None:
    windows = Host(system="windows", arch="x86_64", python=Path("python"))
    mac = Host(system="macos", arch="aarch64", python=Path("python"))
    narrow = dataclasses.replace(WINDOWS, platform="win32")
    intel = dataclasses.replace(MACOS, platform="macosx_x86_64")

    assert availability(WINDOWS, tmp_path, windows).is_available
    assert availability(narrow, tmp_path, windows).is_available
    assert availability(MACOS, tmp_path, mac).is_available
    assert availability(intel, tmp_path, mac).is_available
    assert availability(LINUX, tmp_path, mac).reason == "needs a linux runner"


def test_an_engine_that_is_not_installed_is_named(tmp_path: Path) -> None:
    assert availability(LINUX, tmp_path) == Availability(
        reason="podman is not installed", hint="install podman and run this again"
    )


def test_a_client_without_its_daemon_is_no_engine(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "podman", "echo 'Cannot connect to the daemon' >&2; exit 1")

    assert availability(LINUX, tmp_path) == Availability(
        reason="podman does not work: Cannot connect to the daemon", hint="podman version"
    )


def test_an_image_that_cannot_be_pulled_is_named(tmp_path: Path) -> None:
    body = (
        'case "$1" in version) ;; pull) echo "manifest unknown" >&2; exit 125 ;; *) exit 1 ;; esac'
    )
    program(tmp_path / "bin" / "podman", body)

    assert availability(LINUX, tmp_path).reason == (
        "image images.example/manylinux_2_28_x86_64:1 not found"
    )


def test_a_floor_without_an_image_is_said(tmp_path: Path) -> None:
    bare = dataclasses.replace(LINUX, image="")

    assert availability(bare, tmp_path) == Availability(
        reason="no image of cibuildwheel 4.3.3 is old enough for its targets",
        hint="name one in runners[].images",
    )


def test_containers_of_a_run_are_removed_by_its_label(tmp_path: Path) -> None:
    log = tmp_path / "log"
    body = f'echo "$*" >> {shlex.quote(str(log))}; if [ "$1" = ps ]; then echo c1; echo c2; fi'
    podman = program(tmp_path / "bin" / "podman", body)

    Engine(program=str(podman), environment={}).remove("wheelyard.run=x")

    assert log.read_text().splitlines() == [
        "ps --all --quiet --filter label=wheelyard.run=x",
        "kill c1 c2",
        "rm --force c1 c2",
    ]


# What was built ---------------------------------------------------------------------------------


def test_wheels_that_answer_every_target_are_kept(tmp_path: Path) -> None:
    built = [
        wheel(tmp_path, f"netifaces-0.11.0-cp39-abi3-{MANY}.whl"),
        wheel(tmp_path, f"netifaces-0.11.0-cp27-cp27mu-{MANY}.whl"),
        wheel(tmp_path, f"netifaces-0.11.0-cp27-cp27m-{MANY}.whl"),
    ]
    targets = (target("3.12.4"), target("3.9.18"), target("2.7.18"))

    kept = check_outputs(built, one(*targets), targets, place=PLACE)

    # 1.12.0 builds for both ABIs of 2.7, and nobody asked for the narrow one.
    assert kept == (built[1], built[0])


@pytest.mark.parametrize(
    "platform", ["manylinux_2_34_x86_64", "linux_x86_64"], ids=["too-new", "not-repaired"]
)
def test_a_wheel_above_the_floor_is_named_with_its_target(platform: str, tmp_path: Path) -> None:
    built = wheel(tmp_path, f"netifaces-0.11.0-cp312-cp312-{platform}.whl")

    with pytest.raises(BuildFailed) as caught:
        check_outputs([built], one(target()), (target(),), place=PLACE)

    assert str(caught.value) == (
        "x.00: netifaces 0.11.0: expected a wheel for cp312-manylinux_2_28_x86_64, "
        f"got netifaces-0.11.0-cp312-cp312-{platform}.whl\n"
        "  hint: build it in an image for manylinux_2_28_x86_64: runners[].images"
    )


def test_every_unanswered_target_and_strange_file_is_named(tmp_path: Path) -> None:
    built = [
        wheel(tmp_path, f"netifaces-0.12.0-cp312-cp312-{MANY}.whl"),
        wheel(tmp_path, f"netifaces-0.11.0-cp39-cp39-{MANY}.whl"),
    ]
    targets = (target("3.12.4"), target("3.9.18"))

    with pytest.raises(BuildFailed) as caught:
        check_outputs(built, one(*targets), targets, place=PLACE)

    assert str(caught.value).splitlines() == [
        "x.00: netifaces 0.11.0: expected a wheel for cp312-manylinux_2_28_x86_64, got none",
        (
            f"x.00: netifaces 0.11.0: netifaces-0.12.0-cp312-cp312-{MANY}.whl: "
            "expected netifaces 0.11.0, got netifaces 0.12.0"
        ),
    ]


def test_a_failed_build_tells_the_lines_that_matter() -> None:
    output = "gcc x.c\n\x1b[31mx.c:1:10: fatal error: mysql.h: No such file\x1b[0m\nremoving\n"
    finished = Finished(command=("x",), status=1, output=output)

    assert str(build_error("job", finished, log=Path("logs/job.log"))) == (
        "job: cibuildwheel ended with status 1: a command of the build failed\n"
        "  x.c:1:10: fatal error: mysql.h: No such file\n"
        "  hint: read logs/job.log"
    )


def test_a_log_without_reasons_is_told_by_its_end() -> None:
    assert select_reasons("\n".join(map(str, range(10)))) == ("4", "5", "6", "7", "8", "9")


# A whole run, with everything real but the container and the network ---------------------------


def test_a_job_for_another_runner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotEquipped) as caught:
        run_job(tmp_path, target(platform="win_amd64"), job_class=WINDOWS)

    assert str(caught.value) == "x.00: needs a windows runner"


def test_a_job_leaves_wheels_and_a_log_and_nothing_else(tmp_path: Path) -> None:
    name = f"netifaces-0.11.0-cp312-cp312-{MANY}.whl"
    made = wheel(tmp_path, name)
    prepared(tmp_path, f'cp {shlex.quote(str(made))} "${{out}}" && pwd && ls')

    kept = run_job(tmp_path, target())

    assert kept == (tmp_path / "wheels" / name,)
    assert kept[0].read_bytes() == made.read_bytes()
    assert (tmp_path / "logs" / "x.00.netifaces-0.11.0.log").read_text().splitlines()[1:] == [
        *("cibw.toml", "out", "smoke", "src")
    ]
    assert list((tmp_path / "cache" / "work").iterdir()) == []


def test_a_job_that_fails_leaves_its_log_and_no_container(tmp_path: Path) -> None:
    prepared(tmp_path, "echo 'error: no compiler'; exit 10")

    with pytest.raises(BuildFailed) as caught:
        run_job(tmp_path, target())

    log = tmp_path / "logs" / "x.00.netifaces-0.11.0.log"
    assert str(caught.value) == (
        "x.00: netifaces 0.11.0: cibuildwheel ended with status 10: the build made no wheel\n"
        "  error: no compiler\n"
        f"  hint: read {log}"
    )
    assert log.read_text() == "error: no compiler\n"
    last = (tmp_path / "podman.log").read_text().splitlines()[-1]
    assert last.startswith("ps --all --quiet --filter label=wheelyard.run=x.00.")
    assert list((tmp_path / "cache" / "work").iterdir()) == []


def test_a_job_that_takes_too_long_is_stopped_with_its_containers(tmp_path: Path) -> None:
    prepared(tmp_path, "exec sleep 60")

    with pytest.raises(BuildFailed) as caught:
        run_job(tmp_path, target(), seconds=0.5)

    assert str(caught.value).splitlines()[:2] == [
        "x.00: netifaces 0.11.0: cibuildwheel ended with status 124: it took too long",
        "  stopped after 0 seconds",
    ]
    assert (tmp_path / "podman.log").read_text().splitlines()[-1].startswith("ps --all")


def test_an_archive_that_is_no_sdist_is_named(tmp_path: Path) -> None:
    prepared(tmp_path, "true")
    (tmp_path / "netifaces-0.11.0.tar.gz").write_bytes(b"no archive")

    with pytest.raises(BuildFailed) as caught:
        run_job(tmp_path, target())

    assert str(caught.value).startswith("x.00: netifaces 0.11.0: netifaces-0.11.0.tar.gz")


def test_a_lane_that_cannot_be_installed_is_named(tmp_path: Path) -> None:
    python = program(tmp_path / "python", "echo 'no module named venv' >&2; exit 1")
    machine = dataclasses.replace(HERE, python=python)

    with pytest.raises(NotEquipped) as caught:
        install_lane(
            "4.3.3", host=machine, cache=tmp_path / "cache", environment={}, reporter=QUIET
        )

    assert str(caught.value) == (
        "cibuildwheel 4.3.3: cannot be installed: no module named venv\n"
        "  hint: python -m pip download --no-deps cibuildwheel==4.3.3"
    )
    assert list((tmp_path / "cache").iterdir()) == []
