"""The programs that run outside of this package: every interpreter of theirs compiles them."""

import ast
import subprocess
import sysconfig
from pathlib import Path

import pytest

import matrix
from matrix.configurations.script_files import read_script

from .interpreters import cpythons

PACKAGE = Path(matrix.__file__).parent
SCRIPTS = sorted(PACKAGE.glob("*/scripts/*.py"))
SHELL_SCRIPTS = sorted(PACKAGE.glob("*/scripts/*.sh"))
COMPILE = "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')"


def find_interpreters() -> list[object]:
    """The interpreters that a script must suit: the oldest and the newest of this machine."""
    by_version = {
        tuple(map(int, path.parent.parent.name.split("."))): path
        for path in cpythons()
        if path.parent.parent.parent.name == "versions"
    }
    missing = pytest.mark.skip(reason="pyenv has no CPython 2.7: no proof that it compiles them")
    two = [path for version, path in sorted(by_version.items()) if version[:2] == (2, 7)]
    three = [path for version, path in sorted(by_version.items()) if version[0] == 3]
    return [
        pytest.param(two[-1] if two else Path(), id="2.7", marks=() if two else missing),
        *(pytest.param(path, id=path.parent.parent.name) for path in three[-1:]),
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize("python", find_interpreters())
def test_a_script_compiles(script: Path, python: Path) -> None:
    subprocess.run([python, "-c", COMPILE, script], check=True, capture_output=True)


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_accepts_a_script(script: Path) -> None:
    shellcheck = Path(sysconfig.get_path("scripts")) / "shellcheck"
    if not shellcheck.exists():
        pytest.skip("no shellcheck in this environment")

    ran = subprocess.run([shellcheck, script], check=False, capture_output=True, text=True)

    assert ran.stdout == ""


@pytest.mark.parametrize("room", ["builds", "configurations", "toolchain"])
def test_every_script_is_read_by_a_module_of_its_room(room: str) -> None:
    modules = "".join(path.read_text("utf-8") for path in (PACKAGE / room).glob("*.py"))

    names = [path.name for path in (PACKAGE / room / "scripts").iterdir() if path.is_file()]

    assert [name for name in names if f'read_script("{name}"' not in modules] == []
    assert all(read_script(name, room=room) for name in names)


def test_no_module_holds_a_program_as_text() -> None:
    texts = [
        node.value
        for room in ("builds", "configurations", "targets", "toolchain")
        for path in (PACKAGE / room).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]

    assert [text for text in texts if "\nimport " in text or text.startswith("#!/bin/sh\n")] == []
