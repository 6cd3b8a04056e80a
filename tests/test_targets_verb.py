"""``targets``: what follows from a manifest's targets, and what is wrong with them."""

import json
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.errors import ManifestError
from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.report.targets import rows

from .manifests import TARGETS, text

BOTH = "PyPy's version and its Python's, such as 'pypy-7.3.20-3.11.13'"
PROBE = "wheelyard targets --probe prints this machine's"

MORE = """\
  free: {platform: manylinux_2_28_x86_64, python: [3.13.0t, 3.14.0t]}
  fast: {platform: manylinux_2_28_x86_64, python: [pypy-7.3.20-3.11.13]}
  macs: {platform: macosx_10_13_universal2, python: [3.12.4]}
  old: {platform: win_amd64, python: [3.16.0]}
runners:
  - match: "macosx_*"
    github: macos-15
    gitlab: [macos]
"""


def manifest_text() -> str:
    return text("six").replace("runners:\n", MORE)


def manifest() -> Manifest:
    return read(manifest_text())


def complaint(written: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read(text("six").replace("[2.7.18]", f"[{written}]"))
    return str(caught.value)


def test_each_target_has_its_identifier_and_lane() -> None:
    table = [(row["id"], row["identifier"], row["cibuildwheel"]) for row in rows(manifest())]

    assert table == [
        ("cp27-manylinux_2_17_x86_64", "cp27-manylinux_x86_64", "1.12.0"),
        ("cp39-manylinux_2_28_x86_64", "cp39-manylinux_x86_64", "4.3.3"),
        ("pp311-manylinux_2_28_x86_64", "pp311-manylinux_x86_64", "3.4.1"),
        ("cp312-macosx_10_13_x86_64", "cp312-macosx_x86_64", "4.3.3"),
        ("cp312-macosx_11_0_arm64", "cp312-macosx_arm64", "4.3.3"),
        ("cp312-manylinux_2_28_x86_64", "cp312-manylinux_x86_64", "4.3.3"),
        ("cp312-win_amd64", "cp312-win_amd64", "4.3.3"),
        ("cp313t-manylinux_2_28_x86_64", "cp313t-manylinux_x86_64", "3.4.1"),
        ("cp314t-manylinux_2_28_x86_64", "cp314t-manylinux_x86_64", "4.3.3"),
        ("cp316-win_amd64", "cp316-win_amd64", ""),
    ]


def test_only_linux_is_built_in_an_image() -> None:
    images = {row["id"]: row["image"] for row in rows(manifest())}

    assert all("linux" in name for name, image in images.items() if image)
    assert "manylinux_2_28_x86_64@sha256:" in images["cp314t-manylinux_2_28_x86_64"]


def test_a_target_without_a_lane_has_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "packages.yaml"
    path.write_text(manifest_text(), encoding="utf-8")

    assert main(["targets", "--manifest", str(path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert main(["targets", "--manifest", str(path), "--json"]) == 0
    reason_by_target = {row["id"]: row["why_none"] for row in json.loads(capsys.readouterr().out)}

    row = next(line for line in printed if line.startswith("cp316-win_amd64"))
    assert row.split() == ["cp316-win_amd64", "old", "3.16.0", "cp316-win_amd64", "none", "win_*"]
    why = "no pinned cibuildwheel knows cp316-win_amd64"
    assert printed[-1] == f"none for cp316-win_amd64: {why}"
    assert reason_by_target.pop("cp316-win_amd64") == why
    assert set(reason_by_target.values()) == {""}


@pytest.mark.parametrize(
    ("written", "what", "hint"),
    [
        (
            "3.12.1t",
            "free-threaded builds (\"t\") need CPython 3.13 or newer, got '3.12.1t'",
            "write '3.12.1'",
        ),
        (
            "pypy3.11",
            f"expected {BOTH}, got 'pypy3.11'",
            PROBE,
        ),
        (
            "graalpy-25.0.1",
            "expected a full version such as '3.12.4', got 'graalpy-25.0.1'",
            PROBE,
        ),
    ],
    ids=["threads", "pypy", "graalpy"],
)
def test_another_interpreter_is_an_error_with_its_place(written: str, what: str, hint: str) -> None:
    assert complaint(written) == (
        f"packages.yaml:4: targets.legacy.python[0]: {what}\n  hint: {hint}"
    )


def test_a_macos_that_no_arm_ever_ran_is_an_error_with_its_place() -> None:
    written = TARGETS.replace("win_amd64", "macosx_10_15_arm64") + "packages: [six]\n"

    with pytest.raises(ManifestError) as caught:
        read(written)

    assert str(caught.value) == (
        "packages.yaml:5: targets.desktop.platform: "
        "expected macOS 11.0 or newer on arm64, got 'macosx_10_15_arm64'\n"
        "  hint: write 'macosx_11_0_arm64'"
    )
