"""
Commands and variables of Windows and macOS builds, held to the shells that will read them.

``tests/e2e/test_lane_parsers.py`` gives the same configurations to every lane's own parser.
"""

import dataclasses
from pathlib import Path, PurePosixPath

import pytest

from matrix.manifest.recipe import Recipe, Repair

from .builds import MACOS, WINDOWS, configure, options, place, target

RECIPE = Recipe(
    system={"choco": ("graphviz",), "brew": ("graphviz",)},
    before_all=("echo one two",),
    repair=Repair(exclude=("vcruntime*.dll", "libgvc.dll")),
)
COMMANDS = ("before-all", "repair-wheel-command", "test-command")
LANES = ("4.3.3", "3.4.1", "2.23.4")
# What cmd.exe reads as something else than a letter outside of double quotes, or even inside (%).
MEANS_SOMETHING = set("'$`^&|<>();\n")


def unsafe(command: str) -> set[str]:
    """What of ``command`` cmd.exe would not take as it stands."""
    pieces = command.split('"')
    outside, inside = "".join(pieces[::2]), "".join(pieces[1::2])
    odd = {'"'} if len(pieces) % 2 == 0 else set()
    return odd | (set(outside) & MEANS_SOMETHING) | (set(outside + inside) & {"%"})


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ('python "C:\\a b\\it\'s (1).py"', set()),
        ("python 'x.py'", {"'"}),
        ('python "x.py', {'"'}),
        ("python $HOME %PATH%", {"$", "%"}),
        ('echo "%PATH%"', {"%"}),
        ("a && b", {"&"}),
    ],
)
def test_what_cmd_would_read_otherwise_is_found(command: str, found: set[str]) -> None:
    assert unsafe(command) == found


@pytest.mark.parametrize("lane", LANES)
def test_commands_of_windows_builds_mean_the_same_to_cmd(lane: str) -> None:
    job_class = dataclasses.replace(WINDOWS, lane=lane)

    configured = configure(target(platform="win_amd64"), job_class=job_class, recipe=RECIPE)

    commands = {name: text for name, text in options(configured).items() if name in COMMANDS}
    # Before 4.0 nothing repairs on Windows: delvewheel is not there.
    repairs = {"repair-wheel-command"} if lane.startswith("4.") else set()
    assert set(commands) == {"before-all", "test-command", *repairs}
    work = "C:\\Users\\it's me & you\\wheel matrix"
    for text in map(str, commands.values()):
        filled = text.replace("{project}", work).replace("{wheel}", f'"{work}\\x.whl"')
        assert unsafe(filled) == set()


def test_variables_of_windows_builds_keep_paths_with_blanks_whole(tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, requires=("setuptools<81",))

    configured = configure(
        target(platform="win_amd64"),
        job_class=WINDOWS,
        recipe=recipe,
        placement=place(work=tmp_path / "it's a work directory"),
    )

    # pip splits both at blanks, and neither cmd.exe nor cibuildwheel reads them.
    for name in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"):
        assert configured.variables[name].endswith(
            "/it%27s%20a%20work%20directory/constraints/build.txt"
        )
    assert PurePosixPath("constraints/build.txt") in configured.text_by_path


@pytest.mark.parametrize(
    ("platforms", "floor"),
    [
        (("macosx_12_0_arm64",), "12.0"),
        (("macosx_10_15_x86_64",), "10.15"),
        (("macosx_11_0_universal2",), "11.0"),
        (("macosx_13_0_arm64", "macosx_12_3_arm64"), "12.3"),
    ],
    ids=["arm64", "x86_64", "universal2", "the-lowest-of-two"],
)
def test_macos_wheels_get_the_floor_of_their_targets(
    platforms: tuple[str, ...], floor: str
) -> None:
    versions = ("3.12.4", "3.13.1")
    targets = [target(v, p) for v, p in zip(versions, platforms, strict=False)]

    configured = configure(*targets, job_class=MACOS)

    assert configured.variables["MACOSX_DEPLOYMENT_TARGET"] == floor
