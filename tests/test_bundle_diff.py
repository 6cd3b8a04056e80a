"""What changed between two bundles: what went down first, and what must be carried."""

import json
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.record.schema import Missing

from .bundles import LEGACY, LINUX, make_bundle, requirement, sound
from .wheels import make_wheel


@pytest.fixture
def bundles(tmp_path: Path) -> tuple[str, str]:
    before = sound(tmp_path / "before")
    wheels = [
        make_wheel(tmp_path / "w", "app", "1.1", requires=["dep>=1"], requires_python=">=2.7"),
        make_wheel(tmp_path / "w", "dep", "1.4"),
        make_wheel(tmp_path / "w", "extra", "1.0"),
    ]
    after = make_bundle(
        tmp_path / "after",
        wheels,
        [requirement("app", LINUX), requirement("extra", LINUX)],
        targets=(LINUX,),
        missing=[Missing(project="gone", version="1.0", target=LINUX.id, reason="no compiler")],
        sequence=2,
    )
    return str(before), str(after)


def test_people_read_what_went_down_first(
    bundles: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *bundles]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "acme 2026.1 -> acme 2026.2"
    assert lines[1].startswith("  5 changes; wheels: 3 added, 2 removed, 0 rebuilt; 0.0 MB -> ")
    assert lines[2:] == [
        f"  target gone: {LEGACY.id}",
        f"  down: dep 1.5 -> 1.4 on {LINUX.id}",
        f"  removed: app 1.0 -> none on {LEGACY.id}",
        f"  up: app 1.0 -> 1.1 on {LINUX.id}",
        f"  removed: dep 1.5 -> none on {LEGACY.id}",
        f"  added: extra none -> 1.0 on {LINUX.id}",
        f"  missing now: gone 1.0 on {LINUX.id}",
    ]


def test_the_same_bundle_differs_in_nothing(
    bundles: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", bundles[0], f"{bundles[0]}/bundle.json"]) == 0

    assert (
        capsys.readouterr()
        .out.splitlines()[1]
        .startswith("  0 changes; wheels: 0 added, 0 removed, 0 rebuilt; ")
    )


def test_markdown_is_escaped_and_json_has_directions(
    bundles: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *bundles, "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("## acme 2026.1 to acme 2026.2\n\n")

    assert main(["diff", *bundles, "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [(change["project"], change["direction"]) for change in facts["changes"]] == [
        ("dep", "down"), ("app", "removed"), ("app", "up"), ("dep", "removed"), ("extra", "added"),
    ]  # fmt: skip
    assert facts["bytes_added"] == facts["bytes_after"]


def test_another_file_is_refused(
    bundles: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", bundles[0], f"{bundles[0]}/NOTES.md"]) == 11

    assert capsys.readouterr().err.startswith(f"{bundles[0]}/NOTES.md: not JSON: ")
