"""stdout and stderr that are closed, full, or read by a program that has ended."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .index_server import IndexServer
from .interpreters import cpythons
from .manifests import text
from .wheels import make_wheel

MATRIX = f"{sys.executable} -m matrix"
NEEDS_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@pytest.fixture
def here(tmp_path: Path, index: IndexServer) -> Path:
    """A repository with a lock to make."""
    index.add(make_wheel(index.directory, "six", "1.0"))
    more = f"network: {{index: '{index.url}'}}\n"
    (tmp_path / "packages.yaml").write_text(text("six", more=more), encoding="utf-8")
    return tmp_path


def run(command: str, here: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S602 - redirections are the point
        command, shell=True, cwd=here, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "verb", ["targets", "targets --json", "check --help", "--help", "--version"]
)
@NEEDS_FULL
def test_a_full_stdout_is_an_error(here: Path, verb: str) -> None:
    ran = run(f"{MATRIX} {verb} >/dev/full", here)

    assert (ran.returncode, ran.stderr) == (
        13,
        "stdout: cannot be written: No space left on device\n",
    )


def test_a_closed_stdout_is_an_error(here: Path) -> None:
    ran = run(f"{MATRIX} targets >&-", here)

    assert (ran.returncode, ran.stderr) == (13, "stdout: cannot be written: it is closed\n")


@pytest.mark.parametrize("target", ["2>&-", pytest.param("2>/dev/full", marks=NEEDS_FULL)])
def test_without_stderr_the_work_is_done_and_the_exit_code_says_it(here: Path, target: str) -> None:
    locked = run(f"{MATRIX} lock --cache cache {target}", here)
    (here / "packages.yaml").write_text("bundle: [", encoding="utf-8")
    refused = run(f"{MATRIX} check {target}", here)

    assert locked.returncode == 0
    assert "4 targets, 1 project" in locked.stdout
    assert (here / "packages.lock").exists()
    assert (refused.returncode, refused.stdout) == (3, "")


def test_a_reader_of_everything_that_stops_early_loses_no_lock(here: Path) -> None:
    ran = run(f"{{ {MATRIX} lock -v --cache cache 2>&1; echo $? >code; }} | head -n 1", here)

    assert ran.stderr == ""
    assert (here / "code").read_text(encoding="utf-8") == "0\n"
    assert (here / "packages.lock").exists()


def test_a_reader_that_stops_early_leaves_the_exit_code_alone(here: Path) -> None:
    (here / "packages.yaml").write_text(
        (here / "packages.yaml").read_text(encoding="utf-8").replace("six", "six >=99"),
        encoding="utf-8",
    )

    ran = run(f"{{ {MATRIX} lock -q --cache cache; echo $? >code; }} | true", here)

    assert "impossible" in ran.stderr
    assert (here / "code").read_text(encoding="utf-8") == "5\n"


def test_a_stream_without_unicode_gets_escapes(here: Path) -> None:
    (here / "räder").mkdir()
    (here / "räder" / "packages.yaml").write_text("bundle: [", encoding="utf-8")

    ran = run(f"PYTHONIOENCODING=ascii {MATRIX} check --manifest rädr/packages.yaml", here)

    assert ran.returncode == 3
    assert "Traceback" not in ran.stderr


def test_deep_nesting_is_a_message(here: Path) -> None:
    (here / "packages.yaml").write_text("bundle: " + "[" * 2000 + "]" * 2000, encoding="utf-8")

    ran = run(f"{MATRIX} check", here)

    assert ran.returncode in {1, 3}
    assert "nested" in ran.stderr
    assert "Traceback" not in ran.stderr


def is_too_old(python: Path) -> bool:
    version = re.match(r"([23])\.(\d+)\.(\d+)", python.parts[-3])
    return version is not None and tuple(map(int, version.groups())) < (3, 11, 4)


@pytest.mark.parametrize("python", [*filter(is_too_old, cpythons())], ids=lambda p: p.parts[-3])
def test_an_older_python_says_what_is_expected(python: Path) -> None:
    root = Path(__file__).parent.parent
    command = [str(python), "-B", "-m", "matrix", "check"]

    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    version = re.escape(python.parts[-3])
    assert ran.returncode == 14
    assert re.fullmatch(rf"matrix: expected Python 3\.11\.4 or newer, got {version}\n", ran.stderr)
