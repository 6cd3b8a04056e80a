"""The script that prepares a machine, beyond what test_build_smoke.py holds of system packages."""

from pathlib import Path

from matrix.configurations import system_packages

from .builds import program, sh


def test_the_recipes_own_lines_run_after_the_system_packages(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "apt-get", 'echo "$*"')
    lines = ("echo one", "x=two && echo $x")

    done = sh(system_packages.render_script("linux", {"apt": ("swig",)}, lines), tmp_path)

    assert done.returncode == 0, done.stderr
    ran = ["update", "install -y --no-install-recommends swig", "one", "two"]
    assert done.stdout.splitlines() == ran


def test_own_lines_need_no_package_manager(tmp_path: Path) -> None:
    done = sh(system_packages.render_script("linux", {"brew": ("swig",)}, ["echo one"]), tmp_path)

    assert (done.returncode, done.stdout) == (0, "one\n")


def test_nothing_runs_after_a_line_that_did_not_succeed(tmp_path: Path) -> None:
    done = sh(system_packages.render_script("linux", {}, ["false", "echo two"]), tmp_path)

    assert (done.returncode, done.stdout) == (1, "")


def test_windows_gets_a_batch_file_that_stops_where_a_line_does_not_succeed() -> None:
    packages: dict[system_packages.Manager, tuple[str, ...]] = {
        "apt": ("x",),
        "choco": ("swig",),
        "vcpkg": ("libpq[core,openssl]", "zlib"),
    }

    assert system_packages.render_script("windows", packages, ["echo done"]) == (
        "@echo off\r\n"
        'call vcpkg install "libpq[core,openssl]" zlib || exit /b 1\r\n'
        "call choco install --yes --no-progress swig || exit /b 1\r\n"
        "echo done || exit /b 1\r\n"
    )


def test_a_recipe_that_names_nothing_for_windows_needs_no_batch_file() -> None:
    assert system_packages.render_script("windows", {"apt": ("x",)}) == ""


def test_the_line_that_runs_the_script_is_in_the_systems_own_shell() -> None:
    assert system_packages.script_command("linux") == 'sh "{project}/scripts/before-all.sh"'
    assert system_packages.script_command("macos") == 'sh "{project}/scripts/before-all.sh"'
    assert system_packages.script_command("windows") == 'call "{project}\\scripts\\before-all.cmd"'
    assert str(system_packages.script_path("windows")) == "scripts/before-all.cmd"
