import dataclasses
from pathlib import Path

import pytest

from matrix.builds.host import Host, class_arch
from matrix.plan.model import JobClass, RunnerLabels

MAC = JobClass(
    id="macosx-universal2-cibw4",
    system="macos",
    platform="macosx_universal2",
    lane="4.3.3",
    engine="docker",
    image="",
    runner=(RunnerLabels(provider="github", labels=("macos-15",)),),
)


@pytest.mark.parametrize("arch", ["aarch64", "x86_64"])
def test_any_mac_makes_both_halves(arch: str) -> None:
    machine = Host(system="macos", arch=arch, python=Path("python"))

    assert machine.find_obstacle(MAC) == ""
    assert (
        Host.detect().system == "macos"
        or Host.detect().find_obstacle(MAC) == "needs a macos runner"
    )


def test_a_class_has_an_architecture_though_no_macos_that_old_runs_on_it() -> None:
    arm = dataclasses.replace(MAC, platform="macosx_arm64")

    assert class_arch(arm) == "aarch64"
