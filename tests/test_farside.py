"""The program that travels: with packaging and resolvelib alone, on the oldest Python too."""

import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import packaging
import pytest
import resolvelib
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import matrix
from matrix.farside.command import main

from .bundles import sound
from .interpreters import cpythons
from .test_architecture import FAR_SIDE

PACKAGE = Path(matrix.__file__).parent
OLDEST = next((path for path in cpythons() if "/3.9." in str(path)), None)
needs_oldest = pytest.mark.skipif(OLDEST is None, reason="no CPython 3.9 on this machine")


def find_packaging(python: str) -> Path | None:
    """The newest ``packaging`` of this environment that runs on ``python``, vendored ones too."""
    assert packaging.__file__ is not None
    own = Path(packaging.__file__).parents[1]
    pex = Path(str(metadata.distribution("pex").locate_file("pex")))
    vendored = (pex / "vendor" / "_vendored").glob("packaging_*")
    distributions = metadata.distributions(
        name="packaging", path=[str(own), *(str(path) for path in vendored)]
    )
    suiting = [
        (Version(each.version), Path(str(each.locate_file("packaging"))))
        for each in distributions
        if SpecifierSet(each.metadata["Requires-Python"]).contains(python)
        and Version(each.version) >= Version("26.1")
    ]
    return max(suiting)[1] if suiting else None


def travel(directory: Path, python: str) -> Path:
    """Copy the far-side rooms, packaging and resolvelib into ``directory``, and nothing else."""
    (directory / "matrix").mkdir()
    for room in FAR_SIDE:
        source = PACKAGE / room
        if source.is_dir():
            shutil.copytree(source, directory / "matrix" / room)
        else:
            shutil.copy(source.with_suffix(".py"), directory / "matrix" / f"{room}.py")
    shutil.copy(PACKAGE / "__init__.py", directory / "matrix")
    (directory / "matrix" / "edge" / "progress.py").unlink()
    suitable = find_packaging(python)
    if suitable is None:
        pytest.skip(f"no packaging for CPython {python} in this environment")
    assert resolvelib.__file__ is not None
    shutil.copytree(suitable, directory / "packaging")
    shutil.copytree(Path(resolvelib.__file__).parent, directory / "resolvelib")
    return directory


def run(
    python: Path | str, travelling: Path, *arguments: str | Path
) -> "subprocess.CompletedProcess[str]":
    """Run the far side with ``travelling`` and the standard library alone on its path."""
    return subprocess.run(
        [python, "-S", "-s", "-W", "error", "-m", "matrix.farside", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(travelling)},
        capture_output=True,
        text=True,
        check=False,
    )


def verify_and_import(python: Path | str, travelling: Path, directory: Path) -> None:
    bundle, destination = sound(directory), directory / "served"

    verified = run(python, travelling, "verify", bundle)
    imported = run(python, travelling, "import", bundle, "--to", destination)
    again = run(python, travelling, "import", bundle, "--to", destination, "--json", "--quiet")

    assert (verified.returncode, verified.stderr) == (0, f"verifying {bundle}\n")
    assert verified.stdout.startswith("acme 2026.1: verified\n")
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.startswith(f"acme 2026.1 imported into {destination}: 2 wheels copied")
    assert (again.returncode, again.stderr) == (0, "")
    assert json.loads(again.stdout)["wheels_reused"] == 2
    assert (destination / "simple" / "app" / "index.html").exists()


def test_verify_and_import_need_packaging_and_resolvelib_alone(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    travelling = travel(tmp_path_factory.mktemp("travelling"), platform.python_version())

    verify_and_import(sys.executable, travelling, tmp_path)


@needs_oldest
def test_verify_and_import_run_on_the_oldest_python(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert OLDEST is not None
    travelling = travel(tmp_path_factory.mktemp("travelling"), "3.9.18")

    verify_and_import(OLDEST, travelling, tmp_path)


@needs_oldest
def test_every_module_of_the_far_side_compiles_on_the_oldest_python() -> None:
    assert OLDEST is not None
    paths = [path for room in FAR_SIDE for path in (PACKAGE / room).rglob("*.py")]
    paths.append(PACKAGE / "errors.py")
    script = "import sys\nfor path in sys.argv[1:]: compile(open(path, 'rb').read(), path, 'exec')"

    compiled = subprocess.run([OLDEST, "-c", script, *paths], capture_output=True, check=False)

    assert (compiled.returncode, compiled.stderr) == (0, b"")
    assert len(paths) > 30


def call(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_the_digest_from_another_way_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = sound(tmp_path)
    call("verify", bundle, "--json", "--quiet")
    sha256 = json.loads(capsys.readouterr().out)["sha256"]

    assert call("verify", bundle, "--quiet", "--sha256", sha256) == 0
    assert call("import", bundle, "--quiet", "--to", tmp_path / "d", "--sha256", "0" * 64) == 11
    assert capsys.readouterr().err == f"bundle.json: expected sha256 {'0' * 64}, got {sha256}\n"
    assert not (tmp_path / "d").exists()


def test_a_refusal_has_its_exit_code_and_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("verify", tmp_path, "--quiet") == 11
    assert call("import", tmp_path, "--quiet", "--to", "nginx://x") == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "expected a bundle, or a directory that holds one, got none" in captured.err


def test_an_interrupt_ends_with_its_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("matrix.farside.carried.verify_carried", interrupt)

    assert call("verify", tmp_path) == 130
    assert capsys.readouterr().err == "interrupted: nothing was left half-written\n"
