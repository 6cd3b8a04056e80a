"""What we compute for an interpreter, and what it says of itself."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import packaging
import pytest

from matrix.targets.target import Target

from .interpreters import (
    Told,
    ask,
    ask_pex,
    bundled_pip,
    cpythons,
    digest,
    pypy,
    without_measured,
)

# What only pip, or only packaging, gives to PyPy: neither is offered.
ONLY_PIP = "pp39-none-any"
ONLY_PACKAGING = "pp3-none-any"

RECORDED: list[Mapping[str, Any]] = json.loads(
    (Path(__file__).parent / "interpreters.json").read_text(encoding="utf-8")
)


def by_version(path: Path) -> str:
    return path.parts[-3]


def check_tags(expected: Told) -> Target:
    floor = next(tag.split("-")[2] for tag in expected.tags if "-manylinux" in tag)
    return Target.parse(expected.python, floor)


def ours(target: Target) -> list[str]:
    return [str(tag) for tag in target.tags()]


@pytest.mark.parametrize("python", cpythons(), ids=by_version)
def test_a_target_agrees_with_the_real_interpreter(python: Path) -> None:
    expected = ask(python)
    if expected is None:
        pytest.skip(f"{python} has no pip to ask")
    target = check_tags(expected)

    assert without_measured(expected.environment) == without_measured(target.marker_environment())
    if expected.has_floors():
        # Only where linux_* stands differs from one packaging to the next.
        assert sorted(expected.tags) == sorted(ours(target))
        assert [t for t in expected.tags if "-linux_" not in t] == [
            t for t in ours(target) if "-linux_" not in t
        ]
    else:
        # Older pips have one tag of their own invention, and know fewer names for old C libraries.
        assert set(expected.tags) - set(ours(target)) <= {f"cp{target.python.major}-none-any"}
        known = set(ours(target)) & set(expected.tags)
        assert [t for t in ours(target) if t in known] == [t for t in expected.tags if t in known]


def test_a_target_agrees_with_a_real_pypy() -> None:
    python, pip = pypy(), bundled_pip()
    if python is None or pip is None:
        pytest.skip("this machine has no pypy3, or no pip to ask it through")
    expected = ask(python, pip=pip)
    assert expected is not None
    target = check_tags(expected)

    assert without_measured(expected.environment) == without_measured(target.marker_environment())
    own = f"{target.python.python_tag}-none-any"
    assert [tag for tag in expected.tags if tag != own] == ours(target)


@pytest.mark.skipif(pypy() is None, reason="this machine has no pypy3")
@pytest.mark.skipif(shutil.which("pex3") is None, reason="this machine has no pex3")
def test_a_pypy_is_what_pex_calls_a_complete_platform() -> None:
    python = pypy()
    assert python is not None
    expected = ask_pex(python)

    assert [tag for tag in expected.tags if tag != ONLY_PACKAGING] == ours(check_tags(expected))


@pytest.mark.skipif(shutil.which("pex3") is None, reason="this machine has no pex3")
@pytest.mark.parametrize("python", cpythons(), ids=by_version)
def test_a_target_is_what_pex_calls_a_complete_platform(python: Path) -> None:
    expected = ask_pex(python)
    target = check_tags(expected)
    # pip of 2.7 takes cp27-none-any; what pex asks on interpreters up to 3.6 does not know it.
    pex_lacks = f"{target.python.python_tag}-none-any" if target.python.series < (3, 7) else ""

    assert without_measured(expected.environment) == without_measured(target.marker_environment())
    assert list(expected.tags) == [tag for tag in ours(target) if tag != pex_lacks]


# No free-threaded CPython is packaged for this machine; packaging tells one by this variable.
FREE_THREADED = """\
import sysconfig
sysconfig.get_config_vars()["Py_GIL_DISABLED"] = 1
from packaging.tags import sys_tags
print("\\n".join(str(tag) for tag in sys_tags()))
"""


def test_a_free_threaded_target_is_what_packaging_makes_of_one() -> None:
    python = next((path for path in cpythons() if by_version(path).startswith("3.13.")), None)
    if python is None:
        pytest.skip("this machine has no CPython 3.13")
    environment = {"PYTHONPATH": str(Path(packaging.__file__).parent.parent)}
    ran = subprocess.run(
        [python, "-c", FREE_THREADED], env=environment, capture_output=True, text=True, check=True
    )
    tags = ran.stdout.split()
    floor = next(tag.split("-")[2] for tag in tags if "-manylinux" in tag)
    mine = ours(Target.parse(f"{by_version(python)}t", floor))

    assert mine[0] == f"cp313-cp313t-{floor}"
    assert sorted(tags) == sorted(mine)
    assert [t for t in tags if "-linux_" not in t] == [t for t in mine if "-linux_" not in t]


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"{row['python']}-{row['asked']}")
def test_a_target_agrees_with_recorded_interpreters(row: Mapping[str, Any]) -> None:
    target = Target.parse(row["python"], row["platform"])

    assert row["environment"] == without_measured(target.marker_environment())
    assert len(ours(target)) == row["count"]
    assert digest(ours(target)) == row["sha256"]


def test_pypy_is_offered_only_what_pip_and_packaging_agree_on() -> None:
    tags = ours(Target.parse("pypy-7.3.11-3.9.16", "manylinux_2_36_x86_64"))

    assert not {ONLY_PIP, ONLY_PACKAGING} & set(tags)
    assert "py3-none-any" in tags
