"""Where a lane is installed from: wheels whose hashes are known, or a toolchain."""

import re
import shlex
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from matrix.builds.host import Host
from matrix.builds.lane_install import find_requirements, install_lane
from matrix.errors import NotEquipped
from matrix.targets.lanes import lanes

from .builds import HERE, QUIET, program

LANES = [lane.version for lane in lanes()]


def rows(lane: str) -> dict[str, list[str]]:
    """Requirement to its hashes."""
    text = find_requirements(lane).read_text("utf-8").replace("\\\n", " ")
    return {
        line.partition(" --hash")[0].strip(): re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
        for line in text.splitlines()
    }


@pytest.mark.parametrize("lane", LANES)
def test_every_distribution_of_a_lane_has_a_version_and_hashes(lane: str) -> None:
    requirements = rows(lane)

    assert f"cibuildwheel=={lane}" in requirements
    assert [text for text, hashes in requirements.items() if not hashes] == []
    specifiers = [str(Requirement(text).specifier) for text in requirements]
    assert [text for text in specifiers if not re.fullmatch(r"==[0-9][^,*]*", text)] == []


def commands(directory: Path, **environment: str) -> list[list[str]]:
    """What is run to install a lane, by a Python that notes its arguments and fails in the end."""
    log = directory / "log"
    body = f'echo "$*" >> {shlex.quote(str(log))}; [ "$3" = venv ]'
    python = program(directory / "python", body)
    machine = Host(system=HERE.system, arch=HERE.arch, python=python)
    with pytest.raises(NotEquipped):
        install_lane(
            "4.3.3",
            host=machine,
            cache=directory / "cache",
            environment={"PATH": "/usr/bin:/bin", **environment},
            reporter=QUIET,
        )
    return [line.split() for line in log.read_text().splitlines()]


def test_from_an_index_only_known_bytes_are_installed(tmp_path: Path) -> None:
    _, install = commands(tmp_path)

    assert install[install.index("install") :] == [
        *("install", "--require-hashes", "--only-binary", ":all:", "--requirement"),
        str(find_requirements("4.3.3")),
    ]


def test_from_a_toolchain_nothing_else_is_installed(tmp_path: Path) -> None:
    _, install = commands(tmp_path, WHEELYARD_TOOLCHAIN="/opt/toolchain")

    assert install[install.index("install") :] == [
        *("install", "--no-index", "--find-links", "/opt/toolchain/wheelhouse"),
        "cibuildwheel==4.3.3",
    ]
