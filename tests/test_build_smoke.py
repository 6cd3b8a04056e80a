"""The scripts that run beside a build: system packages, and the smoke test."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from matrix.configurations import smoke, system_packages
from matrix.configurations.script_files import read_script
from matrix.manifest import recipe as recipes
from matrix.manifest.reading import read

from .builds import program, sh, wheel

PACKAGES: Mapping[system_packages.Manager, tuple[str, ...]] = {
    "dnf": ("openldap-devel",),
    "apk": ("openldap-dev",),
    "apt": ("libldap2-dev", "libsasl2-dev"),
    "brew": ("openldap",),
}


@pytest.mark.parametrize(
    ("present", "ran"),
    [
        (("dnf", "yum", "apt-get"), ["dnf install -y openldap-devel"]),
        (("yum",), ["yum install -y openldap-devel"]),
        (("apk",), ["apk add --no-cache openldap-dev"]),
        (
            ("apt-get",),
            [
                "apt-get update",
                "apt-get install -y --no-install-recommends libldap2-dev libsasl2-dev",
            ],
        ),
    ],
    ids=["alma", "centos", "alpine", "debian"],
)
def test_the_manager_that_is_there_installs(
    present: tuple[str, ...], ran: list[str], tmp_path: Path
) -> None:
    for name in present:
        program(tmp_path / "bin" / name, 'echo "${0##*/} $*"')

    done = sh(system_packages.render_script("linux", PACKAGES), tmp_path)

    assert (done.returncode, done.stdout.splitlines()) == (0, ran)


def test_a_system_without_a_known_manager_says_so(tmp_path: Path) -> None:
    done = sh(system_packages.render_script("linux", PACKAGES), tmp_path)

    assert (done.returncode, done.stderr) == (
        1,
        "expected one of dnf, yum, apk, apt-get, got none\n",
    )


def test_a_manager_for_which_nothing_is_named_installs_nothing(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "apt-get", "exit 1")

    done = sh(system_packages.render_script("linux", {"apk": ("linux-headers",)}), tmp_path)

    assert done.stdout == "the recipe names no system packages for apt\n"


def test_system_packages_of_another_system_need_no_script() -> None:
    assert system_packages.render_script("windows", PACKAGES) == ""
    assert system_packages.render_script("macos", {"apt": ("x",)}) == ""
    assert "brew install openldap\n" in system_packages.render_script("macos", PACKAGES)


def interpreters() -> list[object]:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(path for path in pyenv.glob("versions/[23].*/bin/python") if path.exists())
    parameters: list[object] = [pytest.param(p, id=p.parent.parent.name) for p in found]
    if not any(path.parent.parent.name.startswith("2.7.") for path in found):
        absent = pytest.mark.skip(
            reason="pyenv has no CPython 2.7: the smoke test is unproven there"
        )
        parameters.append(pytest.param(Path(), id="2.7", marks=absent))
    return [*parameters, pytest.param(Path(sys.executable), id="this")]


def run_smoke(
    python: Path, directory: Path, *, members: Mapping[str, str], test: recipes.Test
) -> subprocess.CompletedProcess[str]:
    built = wheel(directory, "Some_thing-1.0-py2.py3-none-any.whl", members)
    installed = directory / "site"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(installed)
    (directory / "smoke.py").write_text(read_script("smoke.py"), encoding="utf-8")
    settings = smoke.render_settings(canonicalize_name("Some.thing"), test)
    (directory / "smoke.json").write_text(settings, encoding="utf-8")
    environment = {"PATH": f"{python.parent}:/usr/bin:/bin", "PYTHONPATH": str(installed)}
    return subprocess.run(
        [python, directory / "smoke.py"],
        env=environment,
        check=False,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize("python", interpreters())
def test_every_module_that_the_wheel_declares_is_imported(python: Path, tmp_path: Path) -> None:
    members = {
        "alone.py": "",
        "package/__init__.py": "",
        "package/inner.py": "raise SystemExit(1)",
        "space/name/__init__.py": "",
        "tests/__init__.py": "raise SystemExit(1)",
        "Some_thing.libs/not_meant.py": "raise SystemExit(1)",
        "not-a-module.py": "raise SystemExit(1)",
    }
    if python.parent.parent.name.startswith("2."):
        members["space/__init__.py"] = ""  # 2.7 has no namespace packages without files

    done = run_smoke(python, tmp_path, members=members, test=recipes.Test())

    space = "space" if "space/__init__.py" in members else "space.name"
    assert done.stdout.splitlines() == ["import alone", "import package", f"import {space}"]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("python", interpreters())
def test_a_module_that_does_not_import_fails_the_build(python: Path, tmp_path: Path) -> None:
    done = run_smoke(python, tmp_path, members={"broken.py": "import no_such"}, test=recipes.Test())

    assert done.returncode == 1
    assert "no_such" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("python", interpreters())
def test_the_recipes_modules_and_command_replace_the_declared(python: Path, tmp_path: Path) -> None:
    command = "echo 'h\u00e9 {project} $0' && exit 3"
    test = recipes.Test(modules=("one",), command=command)

    done = run_smoke(python, tmp_path, members={"one.py": "", "two.py": "1/0"}, test=test)

    assert done.stdout.splitlines() == [
        "import one",
        "$ echo 'h? {project} $0' && exit 3",
        "h\u00e9 {project} $0",
    ]
    assert done.returncode == 3


def test_a_recipe_may_import_nothing(tmp_path: Path) -> None:
    (recipe,) = read(
        "bundle: b\ntargets: {a: {platform: win32, python: [3.12.1]}}\npackages: [project]\n"
        "runners: [{match: '*', github: x}]\n"
        "recipes: {project: {catalogue: false, test: {import: [], command: echo tried}}}\n"
    ).recipes.values()

    done = run_smoke(Path(sys.executable), tmp_path, members={"broken.py": "1/0"}, test=recipe.test)

    assert done.stdout.splitlines() == ["$ echo tried", "tried"]
    assert done.returncode == 0


def test_a_wheel_without_modules_needs_a_recipe(tmp_path: Path) -> None:
    done = run_smoke(Path(sys.executable), tmp_path, members={"data.txt": ""}, test=recipes.Test())

    assert done.stderr == (
        "expected modules to import, got none: name them in the recipe's test.import\n"
    )
