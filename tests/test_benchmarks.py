"""What the benchmarks make up is still what the commands read."""

from pathlib import Path

import pytest

from benchmarks import plan
from matrix.cli import main


def test_the_lock_that_plans_are_measured_with_is_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan.write(tmp_path, 30)

    assert main(["lock", "--check", "--manifest", str(tmp_path / "packages.yaml")]) == 0
    assert ": 30 requirements, 12 targets, " in capsys.readouterr().out
