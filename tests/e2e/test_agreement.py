"""A short list on the real index, with the oldest and the newest pips that there are."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.agreement.__main__ import ROOT


def test_our_closures_are_those_of_real_pips(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.agreement", "--source", "index"]
    command += ["--python", "2.7", "3.9", "3.13", "--partial"]
    command += ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "agreement.md")]

    done = subprocess.run(
        command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False
    )

    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| index | 2.7.18 | pip | 10 |" in (tmp_path / "agreement.md").read_text()
