"""The command ``runner check``: a line for each check, and an exit code."""

import json
from pathlib import Path

import pytest

from matrix import cli
from matrix.edge import files
from matrix.errors import NotEquipped

from .builds import program
from .index_server import IndexServer
from .wheels import make_wheel

LINUX = "manylinux_2_28_x86_64"


def test_the_command_reports_each_check_and_fails(
    index: IndexServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index.add(make_wheel(tmp_path, "pip", "26.2"))
    lane = make_wheel(tmp_path, "cibuildwheel", "4.3.3", members={
        "cibuildwheel/__init__.py": "__version__ = '4.3.3'\n",
    })  # fmt: skip
    index.add(lane)
    pinned = tmp_path / "cibuildwheel-4.3.3.txt"
    pinned.write_text(f"cibuildwheel==4.3.3 --hash=sha256:{files.digest(lane)}\n")
    monkeypatch.setattr("matrix.builds.lane_install.find_requirements", lambda _: pinned)
    manifest = tmp_path / "packages.yaml"
    manifest.write_text(
        f"bundle: small\ntargets:\n  t: {{platform: {LINUX}, python: [3.12.4]}}\n"
        f"runners:\n  - {{match: '*', engine: podman, github: x}}\n"
        f"network: {{index: {index.url}}}\npackages: [six]\n"
    )
    program(tmp_path / "bin/podman", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    command = ["runner", "check", "--manifest", str(manifest), "--cache", str(tmp_path / "cache")]

    status = cli.main([*command, "--json", "--quiet"])

    shown = capsys.readouterr()
    rows = {row["subject"]: row for row in json.loads(shown.out)}
    assert status == NotEquipped.exit_code
    assert shown.err == "runner: lacks podman\n"
    assert [name for name, row in rows.items() if not row["ok"]] == ["podman"]
    assert rows[f"index {index.url}"]["detail"] == "answers"
    assert rows["cibuildwheel 4.3.3"]["detail"] == "can be installed"
    assert rows["podman"]["lacks"] == "podman does not work: it printed nothing"


def test_an_unreachable_index_or_toolchain_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "packages.yaml"
    manifest.write_text(
        "bundle: small\ntargets:\n  t: {platform: win_arm64, python: [3.12.4]}\n"
        "runners:\n  - {match: '*', github: x}\nnetwork: {index: 'http://127.0.0.1:9/simple/'}\n"
        "packages: [six]\n"
    )
    monkeypatch.setattr("matrix.index.transport.PAUSES", ())
    command = ["runner", "check", "--manifest", str(manifest), "--cache", str(tmp_path / "cache")]

    status = cli.main([*command, "--quiet", "--toolchain", str(tmp_path / "none")])

    lines = capsys.readouterr().out.splitlines()
    assert status == NotEquipped.exit_code
    assert lines[0] == "lacks  toolchain: cannot be read: No such file or directory"
    assert [line for line in lines if line.startswith("lacks  index")] == [
        (
            "lacks  index http://127.0.0.1:9/simple/pip/: expected the page of 'pip', "
            "got [Errno 111] Connection refused"
        )
    ]
