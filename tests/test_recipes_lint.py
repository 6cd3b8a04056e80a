"""``check --recipes``: which lines of the manifest's recipes do nothing."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.edge.programs import run
from matrix.manifest.reading import read
from matrix.report import recipe_lint
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock

from . import locks, manifests
from .locks import P27, P39, P312, WIN

RELEASES = (Version("2.0"), Version("1.0"))

UNUSABLE = "no target that builds it has this package manager"


def releases(project: NormalizedName) -> Sequence[Version]:
    return RELEASES if project == "x" else ()


def found(recipes: str, lock: Lock) -> list[str]:
    """What the lint says of a manifest that wants x, with these recipes from line 15 on."""
    text = manifests.text("x", more=recipes)
    return [str(each) for each in recipe_lint.problems(read(text), text, lock, releases)]


def built(*targets: str) -> Lock:
    return locks.lock(locks.sdist("x", targets=targets))


def test_a_recipe_whose_every_line_is_used_is_not_named() -> None:
    recipe = """\
recipes:
  x:
    system: {apt: [libx-dev], dnf: [x-devel], choco: [x]}
    environment: {CFLAGS: -O2}
    requires: ['setuptools<81; python_version >= "3.8"']
    known-bad: [{reason: because, versions: <2, python: ">=3.12"}]
"""

    assert found(recipe, built(P312, WIN)) == []


def test_a_manager_that_no_target_has_is_named_with_its_line() -> None:
    recipe = "recipes:\n  x:\n    system:\n      apt: [a]\n      apk: [a]\n      brew: [a]\n"

    assert found(recipe, built(P312)) == [
        f"packages.yaml:19: recipes.x.system.apk: {UNUSABLE}",
        f"packages.yaml:20: recipes.x.system.brew: {UNUSABLE}",
    ]


def test_a_recipe_of_a_project_with_wheels_everywhere_is_named() -> None:
    lock = locks.lock(locks.wheel("x"))

    assert found("recipes:\n  x: {environment: {A: b}}\n", lock) == [
        "packages.yaml:16: recipes.x: nothing is built, every target has a wheel"
    ]


def test_a_recipe_of_a_project_that_nobody_needs_is_named() -> None:
    assert found("recipes:\n  y: {environment: {A: b}}\n", built(P312)) == [
        "packages.yaml:16: recipes.y: nothing is built, no requirement needs the project"
    ]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ('python: ">=3.14"', "it matches no target"),
        ('platforms: "musllinux*"', "it matches no target"),
        ('versions: ">2"', "it matches no release on the index"),
    ],
)
def test_a_known_bad_that_matches_nothing_is_named(bad: str, why: str) -> None:
    recipe = (
        "recipes:\n  x:\n    known-bad:\n"
        "      - {reason: one, versions: <2}\n"
        f"      - {{reason: two, {bad}}}\n"
    )

    assert found(recipe, built(P312)) == [f"packages.yaml:19: recipes.x.known-bad[1]: {why}"]


def test_a_known_bad_is_used_although_it_leaves_nothing_to_build() -> None:
    assert found("recipes:\n  x: {known-bad: [{reason: r}]}\n", locks.lock(locks.wheel("x"))) == []


def test_a_variable_that_the_build_sets_is_named() -> None:
    recipe = "recipes:\n  x:\n    environment: {A: b, SOURCE_DATE_EPOCH: 1}\n"

    assert found(recipe, built(P312)) == [
        "packages.yaml:17: recipes.x.environment.SOURCE_DATE_EPOCH: the build sets it"
    ]


def test_a_marker_that_is_true_on_no_target_is_named() -> None:
    recipe = "recipes:\n  x:\n    requires: ['a<2; python_version < \"3\"', b]\n"
    why = "the marker of 'a<2; python_version < \"3\"' is true on no target that it is built for"

    assert found(recipe, built(P312)) == [f"packages.yaml:17: recipes.x.requires[0]: {why}"]
    assert found(recipe, built(P27)) == []


def test_a_project_to_be_built_before_that_is_not_built_is_named() -> None:
    recipe = "recipes:\n  x: {after: [y]}\n"
    lock = locks.lock(locks.wheel("y"), locks.sdist("x", "y"))

    assert found(recipe, lock) == ["packages.yaml:16: recipes.x.after[0]: 'y' is not built here"]


def test_what_the_catalogue_says_already_is_named() -> None:
    recipe = """\
recipes:
  mysqlclient:
    system: {apt: [libmariadb-dev, pkg-config], dnf: [other]}
    test: {import: MySQLdb}
"""
    lock = locks.lock(locks.sdist("mysqlclient"))

    assert found(recipe, lock) == [
        "packages.yaml:17: recipes.mysqlclient.system.apt: the catalogue has the same value"
    ]


def test_there_is_nothing_to_switch_off_where_the_catalogue_has_no_recipe() -> None:
    assert found("recipes:\n  x: {catalogue: false}\n", built(P312)) == [
        "packages.yaml:16: recipes.x.catalogue: the catalogue has no recipe to switch off"
    ]


def test_a_platform_tag_for_a_project_that_linux_does_not_build_is_named() -> None:
    recipe = "recipes:\n  x: {repair: {plat: manylinux_2_28_x86_64}}\n"

    assert found(recipe, built(WIN)) == [
        "packages.yaml:16: recipes.x.repair.plat: no Linux target builds it"
    ]


def test_the_command_line_warns_and_succeeds(tmp_path: Path) -> None:
    text = manifests.text("x", more="recipes:\n  x: {system: {brew: [a]}}\n")
    (tmp_path / "packages.yaml").write_text(text, encoding="utf-8")
    lock = lockfile.dump(locks.lock(locks.wheel("x", targets=(P27, P312, P39, WIN))))
    (tmp_path / "packages.lock").write_text(lock, encoding="utf-8")
    command = [sys.executable, "-m", "matrix", "check", "--recipes", "--json", "--quiet"]
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent), "PATH": "/bin"}

    quiet = run(command, environment=environment, directory=tmp_path, timeout=60)
    told = run(command[:-1], environment=environment, directory=tmp_path, timeout=60)

    why = "recipes.x: nothing is built, every target has a wheel"
    assert json.loads(quiet.output)["requirements"] == 1
    assert told.output.startswith(f"warning: packages.yaml:16: {why}\n")
