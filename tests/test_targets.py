import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.targets.lanes import lane_of, lanes
from matrix.targets.platform_tag import Family, InvalidPlatformTag, PlatformTag
from matrix.targets.target import InvalidVersion, PythonVersion, Target

LINUX = "manylinux_2_28_x86_64"


@given(
    st.sampled_from(["manylinux", "musllinux"]),
    st.integers(0, 9),
    st.integers(0, 99),
    st.sampled_from(["x86_64", "aarch64", "i686"]),
)
def test_a_platform_tag_survives_being_written(family: str, a: int, b: int, arch: str) -> None:
    tag = PlatformTag.parse(f"{family}_{a}_{b}_{arch}")

    assert PlatformTag.parse(str(tag)) == tag


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("linux_x86_64", "'linux_x86_64' is not a platform tag"),
        ("manylinux_2_28", "'manylinux_2_28' is not a platform tag"),
        (
            "macosx_12_0_x86",
            "'macosx_12_0_x86' has no known architecture; expected one of x86_64, arm64",
        ),
    ],
)
def test_other_text_is_no_platform_tag(text: str, said: str) -> None:
    with pytest.raises(InvalidPlatformTag) as caught:
        PlatformTag.parse(text)

    assert str(caught.value) == said


@pytest.mark.parametrize("text", ["3.10", "3", "3.10.x", "4.0.0", "2.6.9", " 3.10.1"])
def test_only_full_versions_are_versions(text: str) -> None:
    with pytest.raises(InvalidVersion):
        PythonVersion.parse(text)


def test_a_floor_takes_older_wheels_and_never_newer_ones() -> None:
    tags = {str(tag) for tag in Target.parse("3.12.4", LINUX).tags()}

    assert "cp312-cp312-manylinux_2_17_x86_64" in tags
    assert "cp38-abi3-manylinux2014_x86_64" in tags
    assert "cp312-cp312-manylinux_2_34_x86_64" not in tags


def test_python_2_on_linux_is_the_wide_build() -> None:
    target = Target.parse("2.7.18", LINUX)

    assert str(target.tags()[0]) == "cp27-cp27mu-manylinux_2_28_x86_64"
    assert target.marker_environment()["sys_platform"] == "linux2"


_PROBE = (
    "import json, packaging.markers as m, packaging.tags as t;"
    "print(json.dumps([dict(m.default_environment()), [str(x) for x in t.sys_tags()]]))"
)


def real_interpreters() -> list[Path]:
    """The CPythons that pyenv has here, none of them required; old pips carry no packaging.tags."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = home.glob("versions/3.*/lib/python3.*/site-packages/pip/_vendor/packaging/tags.py")
    return sorted(path.parents[6] / "bin" / "python" for path in found)


@pytest.mark.parametrize("python", real_interpreters(), ids=lambda path: path.parts[-3])
def test_a_target_says_what_the_real_interpreter_says(python: Path) -> None:
    # pip carries packaging with it, so every interpreter that has pip can be asked.
    probe = _PROBE.replace("packaging.", "pip._vendor.packaging.")
    ran = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True)
    environment, tags = json.loads(ran.stdout)
    glibc = next(tag.split("-")[2] for tag in tags if "-manylinux_" in tag)
    target = Target.parse(environment["python_full_version"], glibc)

    computed = target.marker_environment()
    ours = [str(tag) for tag in target.tags()]

    measured = {"platform_release", "platform_version"}  # of the running kernel: nobody's target
    assert {k: v for k, v in environment.items() if k not in measured} == {
        k: v for k, v in computed.items() if k not in measured
    }
    # Older pips know fewer legacy aliases; what they know stands in the same order.
    assert [tag for tag in ours if tag in tags] == [tag for tag in tags if tag in ours]
    assert set(tags) <= set(ours)


@pytest.mark.parametrize(
    ("python", "platform", "lane"),
    [
        ("2.7.18", "manylinux_2_17_x86_64", "1.12.0"),
        ("3.6.15", "manylinux_2_17_x86_64", "2.23.4"),
        ("3.8.18", LINUX, "3.4.1"),
        ("3.12.4", LINUX, "4.3.3"),
        ("3.12.4", "win_amd64", "4.3.3"),
        ("3.12.4", "macosx_12_0_arm64", "4.3.3"),
    ],
)
def test_an_interpreter_is_built_by_the_newest_lane_that_knows_it(
    python: str, platform: str, lane: str
) -> None:
    found = lane_of(Target.parse(python, platform))

    assert found is not None
    assert found.version == lane


@pytest.mark.parametrize(
    ("python", "platform"), [("2.7.18", "musllinux_1_2_x86_64"), ("2.7.18", "win_amd64")]
)
def test_some_targets_no_lane_builds(python: str, platform: str) -> None:
    assert lane_of(Target.parse(python, platform)) is None


def test_an_image_never_has_a_newer_c_library_than_the_floor() -> None:
    for lane in lanes():
        floor = PlatformTag(family=Family.MANYLINUX, floor=(2, 17), arch="x86_64")
        image = lane.image(floor)

        assert image is not None
        assert "manylinux2010" in image or "manylinux2014" in image


def test_the_image_of_the_lane_for_python_2_has_python_2() -> None:
    lane = lane_of(Target.parse("2.7.18", LINUX))

    assert lane is not None
    assert "manylinux2010" in (lane.image(PlatformTag.parse(LINUX)) or "")
