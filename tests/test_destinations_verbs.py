"""The verbs of what was imported, from both command lines."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.cli import main as near
from matrix.farside.command import main as far
from matrix.farside.help_texts import parse_count

from .bundles import sound
from .destinations import second

MAINS: dict[str, Callable[[list[str]], int]] = {"near": near, "far": far}


@pytest.fixture(params=MAINS)
def call(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setattr("platform.node", lambda: "host.example")
    main = MAINS[request.param]
    return lambda *texts: main([str(text) for text in texts])


def test_an_import_is_rolled_back_and_history_says_who_did_it(
    tmp_path: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    served = tmp_path / "d"
    for bundle in (sound(tmp_path), second(tmp_path)):
        assert call("import", bundle, "--to", served) == 0
    capsys.readouterr()

    assert call("roll-back", served, "--dry-run") == 0
    dry = capsys.readouterr().out
    assert call("roll-back", f"static:{served}", "--name", "acme") == 0
    done = capsys.readouterr().out
    assert call("history", served, "--json") == 0
    history = json.loads(capsys.readouterr().out)
    assert call("history", served) == 0
    text = capsys.readouterr().out.splitlines()
    assert call("verify", served) == 0

    line = "roll back acme 2026.2 (sequence 2)"
    assert dry.splitlines()[0] == f"would {line}"
    assert f"{served} would serve acme 2026.1: " in dry
    assert done.splitlines()[0] == line
    assert [entry["action"] for entry in history["lines"]] == ["import", "import", "roll back"]
    assert {entry["who"] for entry in history["lines"]} == {"ada@host.example"}
    assert text[2].endswith(f" {line} by ada@host.example")
    assert text[-2:] == [
        "in effect: acme 2026.1",
        f"digest of the last line: {history['lines'][-1]['sha256']}",
    ]
    assert capsys.readouterr().out == f"{served}: verified\n  1 import in effect, 2 wheels\n"


def test_a_release_that_is_needed_is_withdrawn_by_neither(
    tmp_path: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    served = tmp_path / "d"
    for bundle in (sound(tmp_path), second(tmp_path)):
        call("import", bundle, "--to", served)
    capsys.readouterr()

    assert call("withdraw", served, "dep==1.5", "--reason", "CVE-2026-1") == 10
    refused = capsys.readouterr()
    assert call("withdraw", served, "app==1.0", "--reason", "CVE-2026-1") == 0
    done = capsys.readouterr().out
    assert call("withdraw", served, "app 1.0") == 2

    assert refused.out == ""
    assert "app on cp312-manylinux_2_28_x86_64" in refused.err
    assert done.splitlines()[0] == "withdraw app 1.0: CVE-2026-1"
    assert "expected PROJECT==VERSION, got 'app 1.0'" in capsys.readouterr().err


def test_what_is_pruned_is_listed_first(
    tmp_path: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    served = tmp_path / "d"
    for bundle in (sound(tmp_path), second(tmp_path)):
        call("import", bundle, "--to", served)
    name = "app-1.0-py2.py3-none-any.whl"
    capsys.readouterr()

    assert call("prune", served) == 0
    nothing = capsys.readouterr().out
    assert call("prune", served, "--keep", "1") == 0
    listed = capsys.readouterr().out
    is_there = (served / "files" / name).exists()
    assert call("prune", served, "--keep", "1", "--remove") == 0

    assert nothing.startswith("nothing to do\n")
    assert listed.splitlines()[:4] == [
        "would retire acme 2026.1 (sequence 1)",
        "would prune 2 files",
        f"  {name}",
        f"  {name}.metadata",
    ]
    assert is_there
    assert not (served / "files" / name).exists()


def test_the_history_of_an_empty_destination_says_so(
    tmp_path: Path, call: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("history", tmp_path) == 0
    assert capsys.readouterr().out == "nothing was imported yet\n"


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected a number from 1, got '0'"):
        parse_count("0")
