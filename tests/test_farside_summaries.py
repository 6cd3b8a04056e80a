"""What ``verify`` and ``import`` print, from both command lines."""

import json
from pathlib import Path

import pytest

from matrix.farside.command import main
from matrix.record.schema import Missing

from .bundles import LINUX, make_bundle, requirement
from .wheels import make_wheel


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle without the wheel of dep that app needs."""
    wheels = [
        make_wheel(tmp_path / "w", "app", "1.0", requires=["dep"]),
        make_wheel(tmp_path / "w", "tool", "1.0"),
    ]
    lack = Missing(project="dep", version="2.0", target=LINUX.id, reason="no \x1bcompiler")
    return make_bundle(
        tmp_path / "b", wheels, [requirement("app"), requirement("tool")], missing=[lack]
    )


def run(*arguments: str | Path) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def test_an_import_names_every_gap(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", bundle, "--to", tmp_path / "d", "--quiet")

    assert capsys.readouterr().out == (
        f"acme 2026.1 imported into {tmp_path / 'd'}: 2 wheels copied, 0 reused, "
        "12 pages written\n"
        "  2 proofs, 2 incomplete because wheels are missing\n"
        f"  missing: dep 2.0 on {LINUX.id}: no \\x1bcompiler\n"
        "  NOT SIGNED: nothing says who made this bundle\n"
    )


def test_the_json_of_an_import_has_labels(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", bundle, "--to", tmp_path / "d", "--quiet", "--json")

    facts = json.loads(capsys.readouterr().out)
    assert len(facts.pop("sha256")) == 64
    assert facts == {
        "name": "acme",
        "version": "2026.1",
        "sequence": 1,
        "source": {"commit": "", "ref": "", "run": "", "lock_sha256": "", "untested": ""},
        "signature": {"keyids": [], "signers": []},
        "destination": str(tmp_path / "d"),
        "is_new": True,
        "wheels_copied": 2,
        "wheels_reused": 0,
        "wheels_withdrawn": [],
        "pages_written": 12,
        "incomplete": [
            {
                "requirement": "app",
                "target": LINUX.id,
                "view": view,
                "needs": ["dep 2.0"],
            }
            for view in ("target", "union")
        ],
        "missing": [
            {
                "project": "dep",
                "version": "2.0",
                "reason": "no \x1bcompiler",
                "targets": [LINUX.id],
            }
        ],
    }


def test_the_json_of_verify_has_the_same_gaps(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("verify", bundle, "--quiet", "--json")

    facts = json.loads(capsys.readouterr().out)
    assert facts["wheels"] == 2
    assert facts["proven"] == 2
    assert [gap["requirement"] for gap in facts["incomplete"]] == ["app", "app"]
    assert facts["missing"][0]["reason"] == "no \x1bcompiler"


def test_a_directory_with_two_bundles_is_refused(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bundle.parent / "b2").mkdir()
    (bundle.parent / "b2" / "bundle.json").write_text("")

    assert main(["verify", str(tmp_path), "--quiet"]) == 11
    assert "got b, b2\n" in capsys.readouterr().err
    assert main(["verify", str(bundle), "--quiet"]) == 0


def test_a_directory_with_one_bundle_is_enough(bundle: Path, tmp_path: Path) -> None:
    assert bundle.parent == tmp_path
    run("verify", tmp_path, "--quiet")
