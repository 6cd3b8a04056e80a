"""``cache`` and ``schema``, and what ``-v`` adds."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.cli.schema import RENDER_BY_NAME
from matrix.index.addresses import without_password

from .index_server import IndexServer
from .manifests import text
from .wheels import make_wheel

ROOT = Path(__file__).parent.parent


def test_the_cache_directory_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "dir", "--cache", str(tmp_path)]) == 0

    assert capsys.readouterr().out == f"{tmp_path}\n"


def test_cleaning_the_cache_removes_only_what_is_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("index/pages", "built", "toolchain-1", "photographs"):
        (tmp_path / name).mkdir(parents=True)

    assert main(["cache", "clean", "--cache", str(tmp_path), "--dry-run"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "built", "index", "photographs", "toolchain-1",
    ]  # fmt: skip
    assert capsys.readouterr().out == (
        f"{tmp_path}/built\n{tmp_path}/index\n{tmp_path}/toolchain-1\n3 folders would be removed\n"
    )
    assert main(["cache", "clean", "--cache", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["photographs"]
    assert capsys.readouterr().out.endswith("3 folders removed\n")


@pytest.mark.parametrize("name", RENDER_BY_NAME)
def test_a_schema_is_printed_as_it_is_committed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", name]) == 0

    committed = (ROOT / "docs" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert capsys.readouterr().out == committed


def test_every_schema_is_one(tmp_path: Path) -> None:
    assert main(["schema", "--out", str(tmp_path), "-q"]) == 0

    paths = sorted(tmp_path.iterdir())
    assert len(paths) == len(RENDER_BY_NAME)
    command = [sys.executable, "-m", "check_jsonschema", "--check-metaschema"]
    subprocess.run([*command, *map(str, paths)], check=True, capture_output=True)


def test_the_names_of_schemas_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == [*RENDER_BY_NAME]


@pytest.fixture
def here(tmp_path: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    index.add(make_wheel(index.directory, "six", "1.0"))
    index.add(make_wheel(index.directory, "six", "0.9"))
    index.listed["six-0.9-py2.py3-none-any.whl"].sha256 = ""
    (tmp_path / "packages.yaml").write_text(text("six"), encoding="utf-8")
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("://", "://user:secret@"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here")
def test_v_shows_each_request_and_what_the_cache_spares(
    index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", "-v", "--cache", "cache"]) == 0
    requested = capsys.readouterr().err
    assert f"GET {index.url}six/: 200\n" in requested
    assert "secret" not in requested
    reason = "no wheel or sdist of the project, or no sha256"
    assert f"{index.url}six/: 1 passed over: {reason}\n" in requested

    odd = "1 file passed over, no sha256: 'six-0.9-py2.py3-none-any.whl' [odd-file]"
    assert f"\nwarning: {index.url}: {odd}\n" in requested

    assert main(["-v", "lock", "--offline", "--cache", "cache"]) == 0
    assert f"cache: {index.url}six/\n" in capsys.readouterr().err

    assert main(["lock", "--offline", "--cache", "cache"]) == 0
    assert "cache: " not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://u:p@index.example/simple/", "https://***@index.example/simple/"),
        ("u:p@index.example/simple/", "***@index.example/simple/"),
        ("//u:p@index.example/", "//***@index.example/"),
        ("https:u:p@index.example/", "***@index.example/"),
        ("https://index.example/@scope/", "https://index.example/@scope/"),
        ("https://u:p@q@index.example/", "https://***@index.example/"),
    ],
)
def test_no_password_is_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown


@pytest.mark.usefixtures("here")
def test_what_chooses_an_export_needs_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "--root", "six"]) == 2
    assert capsys.readouterr().err == (
        "lock: --target, --root and --bundle choose what --export writes\n"
        "  hint: wheelyard lock --export requirements\n"
    )


@pytest.mark.parametrize("verb", ["check", "plan", "lock", "generate"])
def test_every_verb_gives_its_problems_as_data(
    verb: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "packages.yaml").write_text("bundle: small\nverson: 1\n", encoding="utf-8")
    capsys.readouterr()

    assert main([verb, "--format", "gitlab"]) == 3
    rows = json.loads(capsys.readouterr().out)
    assert {"path": "packages.yaml", "lines": {"begin": 2}} in [row["location"] for row in rows]
    assert main([verb, "--format", "github"]) == 3
    assert "::error file=packages.yaml,line=2,title=wheelyard::" in capsys.readouterr().err
    assert main([verb, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["exit_code"] == 3


def test_results_fit_a_terminal_of_80_columns(here: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "matrix", "targets", "-q"],
        cwd=here,
        stdout=follower,
        env={**os.environ, "COLUMNS": "80"},
    ) as running:
        os.close(follower)
        shown = b""
        while running.poll() is None or not shown:
            try:
                shown += os.read(leader, 4096)
            except OSError:
                break
    os.close(leader)

    lines = shown.decode("utf-8").splitlines()
    assert len(lines) > 4
    # A longer word, such as an image with its digest, stays whole, so that it can be copied.
    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []
