import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from matrix.targets.lanes import UnknownLane, explain_missing_lane, find_lane, get_lane, lanes
from matrix.targets.platform_tag import Family, InvalidPlatformTag, PlatformTag
from matrix.targets.python_version import InvalidVersion, PythonVersion
from matrix.targets.target import Target

LINUX = "manylinux_2_28_x86_64"
BOTH = "PyPy's version and its Python's, such as 'pypy-7.3.20-3.11.13'"


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
    ("text", "message"),
    [
        ("linux_x86_64", "'linux_x86_64' is not a platform tag"),
        ("manylinux_2_28", "'manylinux_2_28' is not a platform tag"),
        ("macosx_10_13_arm64", "expected macOS 11.0 or newer on arm64, got 'macosx_10_13_arm64'"),
        (
            "manylinux_2_99999999_x86_64",
            "expected a floor of at most 99.99, got 'manylinux_2_99999999_x86_64'",
        ),
        (
            "macosx_999999_0_x86_64",
            "expected a floor of at most 99.99, got 'macosx_999999_0_x86_64'",
        ),
        (
            "manylinux_2_\uff12\uff18_x86_64",
            "'manylinux_2_\uff12\uff18_x86_64' is not a platform tag",
        ),
        (
            "macosx_9_0_x86",
            "'macosx_9_0_x86' has no known architecture; expected one of x86_64, arm64, universal2",
        ),
    ],
)
def test_other_text_is_refused_as_a_platform_tag(text: str, message: str) -> None:
    with pytest.raises(InvalidPlatformTag) as caught:
        PlatformTag.parse(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    "name", ["manylinux_2_{}_x86_64", "musllinux_1_{}_x86_64", "macosx_{}_0_x86_64"]
)
def test_a_floor_has_a_limit(name: str) -> None:
    for number in (98, 99):
        assert str(PlatformTag.parse(name.format(number))) == name.format(number)
        assert len(Target.parse("3.12.4", name.format(number)).tags()) < 20_000
    with pytest.raises(InvalidPlatformTag) as caught:
        PlatformTag.parse(name.format(100))

    assert str(caught.value) == f"expected a floor of at most 99.99, got {name.format(100)!r}"
    assert caught.value.hint == "wheelyard targets --probe prints this machine's"


@pytest.mark.parametrize(
    "text",
    [
        "3.10",
        "3",
        "3.10.x",
        "4.0.0",
        "2.6.9",
        " 3.10.1",
        "3.09.1",
        "3.15.0rc1",
        "3.14t",
        "3.9.\uff11\uff18",
    ],
)
def test_only_full_versions_are_versions(text: str) -> None:
    with pytest.raises(InvalidVersion) as caught:
        PythonVersion.parse(text)

    assert str(caught.value) == f"expected a full version such as '3.12.4', got {text!r}"
    assert caught.value.hint == "wheelyard targets --probe prints this machine's"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3.4.10", "expected CPython 2.7, or 3.5 or newer, got '3.4.10'"),
        ("3.12.1t", "free-threaded builds (\"t\") need CPython 3.13 or newer, got '3.12.1t'"),
        ("pypy-7.2.0-3.6.9", "expected PyPy 7.3 or newer, got 'pypy-7.2.0-3.6.9'"),
        (
            "pypy-7.3.3-3.5.3",
            "expected a PyPy of Python 2.7, or 3.6 or newer, got 'pypy-7.3.3-3.5.3'",
        ),
        (
            "pypy3.11-7.3.20",
            f"expected {BOTH}, got 'pypy3.11-7.3.20'",
        ),
        (
            "pypy-7.3.20-3.11.13t",
            f"expected {BOTH}, got 'pypy-7.3.20-3.11.13t'",
        ),
    ],
)
def test_an_impossible_version_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(InvalidVersion) as caught:
        PythonVersion.parse(text)

    assert str(caught.value) == message
    assert caught.value.hint


@pytest.mark.parametrize(
    "text", ["2.7.18", "3.5.10", "3.14.0t", "pypy-7.3.20-3.11.13", "pypy-7.3.3-2.7.18"]
)
def test_a_version_survives_being_written(text: str) -> None:
    assert str(PythonVersion.parse(text)) == text


def test_a_target_in_a_message_has_the_name_of_its_python() -> None:
    cpython, pypy = Target.parse("3.14.0t", LINUX), Target.parse("pypy-7.3.20-3.11.13", LINUX)

    assert str(cpython) == "CPython 3.14.0t on manylinux_2_28_x86_64"
    assert str(pypy) == "PyPy 7.3.20 (Python 3.11.13) on manylinux_2_28_x86_64"


def test_a_target_has_no_dot_in_its_name() -> None:
    targets = [Target.parse(p, LINUX) for p in ("3.14.0t", "pypy-7.3.20-3.11.13", "3.14.0")]

    assert [target.id for target in sorted(targets)] == [
        "pp311-manylinux_2_28_x86_64",
        "cp314-manylinux_2_28_x86_64",
        "cp314t-manylinux_2_28_x86_64",
    ]


def test_a_free_threaded_python_has_a_stable_abi_of_its_own() -> None:
    tags = [str(tag) for tag in Target.parse("3.15.0t", "win_amd64").tags()]

    assert tags[:3] == ["cp315-cp315t-win_amd64", "cp315-abi3t-win_amd64", "cp315-none-win_amd64"]
    assert not any("-abi3-" in tag or "-cp315-" in tag for tag in tags)


def test_a_usual_python_takes_nothing_of_a_free_threaded_one() -> None:
    tags = [str(tag) for tag in Target.parse("3.15.0", "win_amd64").tags()]

    assert tags[:2] == ["cp315-cp315-win_amd64", "cp315-abi3-win_amd64"]
    assert not any("-cp315t-" in tag or "-abi3t-" in tag for tag in tags)


@pytest.mark.parametrize(
    ("python", "first"),
    [
        ("pypy-7.3.20-3.11.13", "pp311-pypy311_pp73-win_amd64"),
        ("pypy-8.0.1-3.11.15", "pp311-pypy311_pp80-win_amd64"),
        ("pypy-7.3.3-2.7.18", "pp27-pypy_73-win_amd64"),
    ],
)
def test_the_abi_of_a_pypy_follows_from_both_of_its_versions(python: str, first: str) -> None:
    tags = [str(tag) for tag in Target.parse(python, "win_amd64").tags()]

    assert tags[0] == first
    assert not any("abi3" in tag for tag in tags)


def test_markers_tell_a_pypy_from_a_cpython() -> None:
    markers = Target.parse("pypy-7.3.20-3.11.13", LINUX).marker_environment()

    assert (markers["implementation_name"], markers["implementation_version"]) == ("pypy", "7.3.20")
    assert markers["platform_python_implementation"] == "PyPy"
    assert (markers["python_full_version"], markers["python_version"]) == ("3.11.13", "3.11")


def test_markers_do_not_tell_a_free_threaded_python() -> None:
    free, usual = (Target.parse(python, LINUX) for python in ("3.14.0t", "3.14.0"))

    assert free.marker_environment() == usual.marker_environment()


def test_universal2_stands_for_both_machines() -> None:
    both = PlatformTag.parse("macosx_10_13_universal2").single_platforms

    assert [str(platform) for platform in both] == ["macosx_10_13_x86_64", "macosx_11_0_arm64"]
    assert [platform.machine for platform in both] == ["x86_64", "arm64"]
    for platform in both:
        assert "macosx_10_13_universal2" in set(platform.compatible_tags())


def test_a_floor_takes_older_wheels_and_never_newer_ones() -> None:
    tags = {str(tag) for tag in Target.parse("3.12.4", LINUX).tags()}

    assert "cp312-cp312-manylinux_2_17_x86_64" in tags
    assert "cp38-abi3-manylinux2014_x86_64" in tags
    assert "cp312-cp312-manylinux_2_34_x86_64" not in tags


def test_python_2_on_linux_is_the_wide_build() -> None:
    target = Target.parse("2.7.18", LINUX)

    assert str(target.tags()[0]) == "cp27-cp27mu-manylinux_2_28_x86_64"
    assert target.marker_environment()["sys_platform"] == "linux2"


@pytest.mark.parametrize(
    ("python", "platform", "version"),
    [
        ("2.7.18", "manylinux_2_17_x86_64", "1.12.0"),
        ("3.6.15", "manylinux_2_17_x86_64", "2.23.4"),
        ("3.8.18", LINUX, "3.4.1"),
        ("3.12.4", LINUX, "4.3.3"),
        ("3.12.4", "win_amd64", "4.3.3"),
        ("3.12.4", "macosx_12_0_arm64", "4.3.3"),
        ("3.13.0t", LINUX, "3.4.1"),
        ("3.14.0t", "musllinux_1_2_aarch64", "4.3.3"),
        ("3.15.0t", "win_arm64", "4.3.3"),
        ("pypy-7.3.3-2.7.18", "manylinux_2_17_x86_64", "1.12.0"),
        ("pypy-7.3.3-3.6.9", "win32", "1.12.0"),
        ("pypy-7.3.9-3.7.13", "macosx_12_0_x86_64", "2.23.4"),
        ("pypy-7.3.11-3.8.16", LINUX, "3.4.1"),
        ("pypy-7.3.20-3.11.13", "win_amd64", "3.4.1"),
        ("pypy-8.0.1-3.11.15", "win_amd64", "4.3.3"),
    ],
)
def test_an_interpreter_is_built_by_the_newest_lane_that_knows_it(
    python: str, platform: str, version: str
) -> None:
    lane = find_lane(Target.parse(python, platform))

    assert lane is not None
    assert lane.version == version


@pytest.mark.parametrize(
    ("python", "platform", "reason"),
    [
        (
            "2.7.18",
            "musllinux_1_2_x86_64",
            "no pinned cibuildwheel knows cp27-musllinux_x86_64",
        ),
        (
            "pypy-7.4.0-3.11.14",
            "win_amd64",
            "pp311-win_amd64 is built for pypy311_pp73 and pypy311_pp80, not for pypy311_pp74",
        ),
        ("3.16.0", LINUX, "no pinned cibuildwheel knows cp316-manylinux_x86_64"),
    ],
)
def test_some_targets_no_lane_builds_for_a_reason(python: str, platform: str, reason: str) -> None:
    target = Target.parse(python, platform)

    assert find_lane(target) is None
    assert explain_missing_lane(target) == reason


@pytest.mark.parametrize(
    ("version", "identifier", "groups"),
    [
        ("4.3.3", "cp312-manylinux_x86_64", ()),
        ("4.3.3", "pp311-win_amd64", ("pypy", "pypy-eol")),
        ("3.4.1", "cp313t-macosx_arm64", ("cpython-freethreading", "pypy", "pypy-eol")),
        ("2.23.4", "pp37-manylinux_x86_64", ("cpython-freethreading", "pypy")),
        ("1.12.0", "pp27-manylinux_x86_64", ()),
    ],
)
def test_a_lane_is_asked_for_more_than_the_usual_pythons(
    version: str, identifier: str, groups: tuple[str, ...]
) -> None:
    assert get_lane(version).select_groups(["cp311-win_amd64", identifier]) == groups


ABILITIES = (
    "audits",
    "caches_installers",
    "has_cache",
    "has_delvewheel",
    "installs_build",
    "reads_docker_29",
    "reads_toml",
    "takes_compiler",
)


@pytest.mark.parametrize(
    ("version", "abilities"),
    [
        ("4.3.3", {*ABILITIES} - {"takes_compiler"}),
        ("3.4.1", {*ABILITIES} - {"audits", "has_delvewheel", "takes_compiler"}),
        ("2.23.4", {"has_cache", "installs_build", "reads_toml"}),
        ("1.12.0", {"reads_docker_29", "takes_compiler"}),
    ],
)
def test_a_lane_has_the_abilities_of_its_release(version: str, abilities: set[str]) -> None:
    lane = get_lane(version)

    assert {name for name in ABILITIES if getattr(lane, name)} == abilities


def test_lanes_are_ordered_from_the_newest() -> None:
    assert [lane.order for lane in lanes()] == [0, 1, 2, 3]
    assert sorted(lanes(), key=lambda lane: Version(lane.version), reverse=True) == [*lanes()]


def test_an_unknown_lane_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownLane) as caught:
        get_lane("4.3.9")

    assert str(caught.value) == (
        "expected cibuildwheel 4.3.3 or 3.4.1 or 2.23.4 or 1.12.0, got '4.3.9'"
    )


def test_no_version_of_a_lane_is_taken_apart() -> None:
    parsing = re.compile(r"lane\.(startswith|partition|split)\(|\bVersion\(\w+\.lane")
    room = Path(__file__).parent.parent / "matrix"

    parsed = [
        str(path)
        for path in room.rglob("*.py")
        if path != room / "targets" / "lanes.py" and parsing.search(path.read_text("utf-8"))
    ]

    assert parsed == []


def test_every_pypy_of_a_lane_has_an_abi() -> None:
    for lane in lanes():
        pypys = {name.partition("-")[0] for name in lane.identifiers if name.startswith("pp")}

        assert pypys == set(lane.abi_by_interpreter)


def test_an_image_never_has_a_newer_c_library_than_the_floor() -> None:
    for lane in lanes():
        floor = PlatformTag(family=Family.MANYLINUX, floor=(2, 17), arch="x86_64")
        image = lane.find_image(floor)

        assert image is not None
        assert "manylinux2010" in image or "manylinux2014" in image


def test_the_image_of_the_lane_for_python_2_has_python_2() -> None:
    lane = find_lane(Target.parse("2.7.18", LINUX))

    assert lane is not None
    assert "manylinux2010" in (lane.find_image(PlatformTag.parse(LINUX)) or "")


def test_the_oldest_lane_has_an_image_of_its_own_for_pypy() -> None:
    target = Target.parse("pypy-7.3.3-2.7.18", LINUX)
    lane = find_lane(target)

    assert lane is not None
    assert "manylinux2010-pypy_x86_64" in (lane.find_image(target.platform, is_pypy=True) or "")
