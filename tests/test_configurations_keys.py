"""The two keys of a build: every input that decides bytes changes the content key, a test never."""

import dataclasses
import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from matrix.configurations.configuration import Placement, configure_build
from matrix.configurations.inputs import BuildInputs, Keys, LockedWheel
from matrix.configurations.keys import compute_keys
from matrix.manifest import recipe as recipes
from matrix.manifest.recipe import Recipe, Repair
from matrix.targets.lanes import lanes
from matrix.targets.target import Target

SETUPTOOLS = LockedWheel(
    project="setuptools", version="80.9.0", filename="setuptools-80.9.0-py3-none-any.whl",
    sha256="1" * 64,
)  # fmt: skip
INPUTS = BuildInputs(
    project="netifaces",
    is_pure=False,
    epoch=1_700_000_000,
    system="linux",
    platform="manylinux_x86_64",
    lane=lanes()[0],
    image="images.example/manylinux_2_28_x86_64@sha256:0",
    deployment_target="",
    recipe=Recipe(),
    targets=(Target.parse("3.12.4", "manylinux_2_28_x86_64"),),
    requirements=(SETUPTOOLS,),
    is_locked=True,
)
MACOS = dataclasses.replace(
    INPUTS,
    system="macos",
    platform="macosx_arm64",
    image="",
    deployment_target="12.0",
    targets=(Target.parse("3.12.4", "macosx_12_0_arm64"),),
)


def keys(inputs: BuildInputs = INPUTS, **facts: Any) -> Keys:  # noqa: ANN401 - other facts
    return compute_keys(
        inputs, **{"sdist_sha256": "0" * 64, "digests_by_prerequisite": {}, **facts}
    )


def recipe(**fields: Any) -> dict[str, Recipe]:  # noqa: ANN401 - any field of a recipe
    return {"recipe": Recipe(**fields)}


DECIDES = {
    "lane": {"lane": lanes()[1]},
    "lane's version": {"lane": dataclasses.replace(lanes()[0], version="9.9.9")},
    "image": {"image": "images.example/manylinux_2_28_x86_64@sha256:1"},
    "epoch": {"epoch": 1_700_000_001},
    "interpreter": {"targets": (Target.parse("3.13.0", "manylinux_2_28_x86_64"),)},
    "platform": {"platform": "musllinux_x86_64"},
    "pure": {"is_pure": True},
    "unlocked": {"is_locked": False},
    "requirement": {"requirements": ()},
    "requirement's bytes": {
        "requirements": (dataclasses.replace(SETUPTOOLS, sha256="2" * 64),),
    },
    "repair": recipe(repair=Repair(exclude=("libx.so.1",))),
    "before-all": recipe(before_all=("ldconfig",)),
    "system": recipe(system={"dnf": ("libffi-devel",)}),
    "environment": recipe(environment={"CFLAGS": "-O1"}),
    "config-settings": recipe(config_settings={"setup-args": ("-Da=1",)}),
    "requires": recipe(requires=("setuptools<81",)),
    "build tag": recipe(build=1),
    "upstream-configuration": recipe(upstream_configuration=True),
}


@pytest.mark.parametrize("fields", DECIDES.values(), ids=DECIDES)
def test_an_input_that_decides_bytes_changes_both_keys(fields: dict[str, Any]) -> None:
    changed = keys(dataclasses.replace(INPUTS, **fields))

    assert changed.content != keys().content
    assert changed.test != keys().test


def test_another_sdist_changes_both_keys() -> None:
    changed = keys(sdist_sha256="f" * 64)

    assert (changed.content != keys().content, changed.test != keys().test) == (True, True)


def test_another_wheel_that_the_recipe_wants_first_changes_both_keys() -> None:
    one, other = (
        keys(digests_by_prerequisite={"lxml": ["1"]}),
        keys(digests_by_prerequisite={"lxml": ["2"]}),
    )

    assert len({keys().content, one.content, other.content}) == 3
    assert len({keys().test, one.test, other.test}) == 3


def test_an_older_macos_changes_both_keys() -> None:
    changed = keys(dataclasses.replace(MACOS, deployment_target="11.0"))

    assert changed.content != keys(MACOS).content


TESTS = {
    "import": recipe(test=recipes.Test(modules=("netifaces",))),
    "command": recipe(test=recipes.Test(command="true")),
    "requirement": {"test_requirements": (SETUPTOOLS,)},
}


@pytest.mark.parametrize("inputs", [INPUTS, MACOS], ids=["linux", "macos"])
@pytest.mark.parametrize("fields", TESTS.values(), ids=TESTS)
def test_another_test_changes_the_test_key_alone(
    fields: dict[str, Any], inputs: BuildInputs
) -> None:
    changed = keys(dataclasses.replace(inputs, **fields))

    assert changed.content == keys(inputs).content
    assert changed.test != keys(inputs).test


NEITHER = {
    "timeout": recipe(timeout=5),
    "system packages of another system": recipe(system={"brew": ("libffi",)}),
    "where the recipe stands": recipe(line=7),
    "catalogue": recipe(catalogue=False),
}


@pytest.mark.parametrize("fields", NEITHER.values(), ids=NEITHER)
def test_what_decides_nothing_changes_no_key(fields: dict[str, Any]) -> None:
    assert keys(dataclasses.replace(INPUTS, **fields)) == keys()


def test_the_keys_of_a_build_show_no_path_of_the_machine() -> None:
    for inputs in (INPUTS, MACOS):
        configuration = configure_build(inputs)
        text = json.dumps([*configuration.arguments, *configuration.variables.values()])
        text += "".join(configuration.text_by_path.values())

        assert str(Path.cwd()) not in text
        assert str(Path.home()) + "/" not in text
        assert platform.node() not in text


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.test_configurations_keys import INPUTS, MACOS, keys
print(keys(), keys(MACOS))
"""


def test_another_user_machine_and_checkout_compute_the_same_keys(tmp_path: Path) -> None:
    checkout = tmp_path / "another checkout"
    checkout.mkdir()
    root = Path(__file__).parent.parent
    for name in ("matrix", "tests"):
        (checkout / name).symlink_to(root / name)
    variables = {
        "PATH": "/usr/bin:/bin", "HOME": "/home/other", "USER": "other", "HOSTNAME": "other",
        "PIP_INDEX_URL": "https://u:secret@index.example/simple/", "PIP_CERT": "/ca.pem",
        "PIP_FIND_LINKS": "/opt/wheels", "TMPDIR": str(tmp_path), "CFLAGS": "-march=native",
        "HTTPS_PROXY": "http://u:p@proxy.example", "LC_ALL": "C", "PYTHONHASHSEED": "1",
    }  # fmt: skip

    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, checkout],
        env=variables, cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip

    assert ran.stdout == f"{keys()} {keys(MACOS)}\n"


def test_a_placement_changes_only_what_its_host_decides() -> None:
    """What a real host fills in stands at the places of the placeholders, and nowhere else."""
    here = Placement(
        work=Path("/srv/place/a b"), source=Placement().source, label="a.run", engine="podman"
    )
    for inputs in (INPUTS, MACOS):
        plain, placed = configure_build(inputs), configure_build(inputs, here)
        swaps = [("/srv/place/a%20b", "/work"), ("/srv/place/a b", "/work")]
        swaps += [("a.run", "run"), ('"podman"', '"engine"')]

        def replace(text: str, swaps: list[tuple[str, str]] = swaps) -> str:
            for own, placeholder in swaps:
                text = text.replace(own, placeholder)
            return text

        assert tuple(map(replace, placed.arguments)) == plain.arguments
        assert tuple(map(replace, placed.create_args)) == plain.create_args
        assert {
            path: replace(text) for path, text in placed.text_by_path.items()
        } == plain.text_by_path
        assert {k: replace(v) for k, v in placed.variables.items()} == plain.variables
