"""The catalogue of recipes, and a manifest's recipes over it."""

import json
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.errors import ManifestError
from matrix.manifest import catalogue, json_schema, recipe_checks
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.reading import read
from matrix.manifest.recipe import KnownBad, Recipe
from matrix.targets.target import Target

from .manifests import manifest, text

ROOT = Path(__file__).resolve().parent.parent
LINUX = Target.parse("3.12.4", "manylinux_2_28_x86_64")


def recipe(yaml: str, project: str = "mysqlclient") -> Recipe:
    """What building ``project`` needs where the manifest says ``yaml`` about it."""
    made = manifest(project, more=f"recipes:\n  {project}: {yaml}\n")
    return find_recipe(made, canonicalize_name(project))


def complaints(yaml: str) -> list[str]:
    """What is said about a recipe of a manifest, with lines."""
    with pytest.raises(ManifestError) as caught:
        read(text("x", more=f"recipes:\n  x: {yaml}\n"))
    return [f"{problem.line}: {problem.what}" for problem in caught.value.problems]


@pytest.mark.parametrize("project", sorted(catalogue.projects()))
def test_a_recipe_of_the_catalogue_can_be_used_as_it_is(project: str) -> None:
    built_in = catalogue.recipe(project)

    assert project == canonicalize_name(project)
    assert list(recipe_checks.complaints(built_in)) == []
    assert built_in.test.modules or built_in.test.command
    assert built_in.catalogue
    assert "catalogue" not in built_in.written


def test_the_catalogue_has_the_projects_that_people_ask_for() -> None:
    asked = {"mysqlclient", "psycopg2", "python-ldap", "lxml", "xmlsec", "uwsgi", "cryptography"}

    assert asked <= catalogue.projects()
    assert len(catalogue.projects()) >= 35


def test_a_file_of_the_catalogue_that_cannot_be_read_names_its_line() -> None:
    with pytest.raises(ManifestError) as caught:
        catalogue.read("system:\n  yum: [x]\n", source="x.yaml")

    (problem,) = caught.value.problems
    expected = "expected one of 'dnf', 'apk', 'apt', 'brew', 'vcpkg', 'choco', got 'yum'"
    assert str(problem) == f"x.yaml:2: system.yum: {expected}"


def test_the_schema_of_a_recipe_is_the_manifests() -> None:
    kept = (ROOT / "docs" / "recipes.schema.json").read_text(encoding="utf-8")

    assert kept == json_schema.recipe_text()
    assert "known-bad" in json.loads(kept)["properties"]


def test_a_project_without_recipes_needs_nothing() -> None:
    assert find_recipe(manifest("requests"), canonicalize_name("requests")) == Recipe()


def test_the_catalogue_serves_a_manifest_that_says_nothing() -> None:
    found = find_recipe(manifest("mysqlclient"), canonicalize_name("mysqlclient"))

    assert found.system["apt"] == ("libmariadb-dev", "pkg-config")
    assert found.test.modules == ("MySQLdb",)


def test_mappings_are_merged_key_by_key() -> None:
    found = recipe("{system: {apt: [libmysqlclient-dev]}, environment: {CFLAGS: -O2}}")

    assert found.system["apt"] == ("libmysqlclient-dev",)
    assert found.system["apk"] == ("mariadb-connector-c-dev",)
    assert found.environment == {"CFLAGS": "-O2"}


def test_what_is_no_mapping_takes_the_catalogues_place() -> None:
    found = recipe("{test: {command: run it}, known-bad: []}", project="python-ldap")

    assert found.test.command == "run it"
    assert found.test.modules == ("ldap",)
    assert found.known_bad == ()


def test_a_written_default_takes_the_catalogues_place_too() -> None:
    found = recipe('{requires: [], test: {command: ""}}', project="cx-oracle")

    assert found.requires == ()
    assert found.test.command == ""
    assert found.test.modules == ("cx_Oracle",)


def test_nothing_to_import_is_something_that_a_recipe_says() -> None:
    wanted = manifest("uwsgi", more="recipes: {uwsgi: {test: {command: uwsgi --version}}}\n")

    test = find_recipe(wanted, canonicalize_name("uwsgi")).test

    assert (test.modules, "modules" in test.written) == ((), True)


def test_the_catalogue_can_be_switched_off_for_a_project() -> None:
    found = recipe("{catalogue: false, system: {apt: [x]}}")

    assert found.system == {"apt": ("x",)}
    assert found.test.modules == ()


def test_a_merged_recipe_stands_where_the_manifest_has_it() -> None:
    assert recipe("{environment: {A: b}}").line == 16


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        pytest.param(
            "{system: {apt: [a b]}}",
            "16: recipes.x.system.apt: expected the name of a system package, got 'a b'",
            id="a-package-with-a-blank",
        ),
        pytest.param(
            "{system: {dnf: [--nogpgcheck]}}",
            "16: recipes.x.system.dnf: expected the name of a system package, got '--nogpgcheck'",
            id="an-option-for-a-package",
        ),
        pytest.param(
            "{environment: {CIBW_BUILD: x}}",
            "16: recipes.x.environment: expected a variable's name without CIBW_, got 'CIBW_BUILD'",
            id="an-option-of-cibuildwheel",
        ),
        pytest.param(
            '{before-all: ["a\\nb"]}',
            "16: recipes.x.before-all: expected one line of shell, got 'a\\nb'",
            id="two-lines-in-one",
        ),
        pytest.param(
            "{config-settings: {a b: c}}",
            "16: recipes.x.config-settings: expected a setting's name, got 'a b'",
            id="a-setting-with-a-blank",
        ),
        pytest.param(
            "{repair: {exclude: lib x.so}}",
            "16: recipes.x.repair.exclude: expected a library's file name or pattern,"
            " got 'lib x.so'",
            id="a-library-with-a-blank",
        ),
        pytest.param(
            "{requires: setuptools<<81}",
            "16: recipes.x.requires: expected a PEP 508 requirement, got 'setuptools<<81'",
            id="a-requirement-that-is-none",
        ),
        pytest.param(
            "{after: Py_Asn1}",
            "16: recipes.x.after: expected the normalized name 'py-asn1', got 'Py_Asn1'",
            id="another-spelling",
        ),
        pytest.param(
            '{known-bad: [{reason: " "}]}',
            "16: recipes.x.known-bad[0].reason: expected a sentence, got nothing",
            id="a-reason-that-says-nothing",
        ),
        pytest.param(
            "{known-bad: [{reason: r, python: three}]}",
            "16: recipes.x.known-bad[0].python: expected a version specifier such as '>=3.11',"
            " got 'three'",
            id="a-specifier-that-is-none",
        ),
        pytest.param(
            "{catalogue: maybe}",
            "16: recipes.x.catalogue: expected true or false, got 'maybe'",
            id="neither-true-nor-false",
        ),
    ],
)
def test_what_a_recipe_may_not_say_is_named(yaml: str, expected: str) -> None:
    assert complaints(yaml) == [expected]


@pytest.mark.parametrize(
    ("said", "is_bad"),
    [
        pytest.param("{}", True, id="all-releases-everywhere"),
        pytest.param("{versions: <2}", True, id="the-release"),
        pytest.param("{versions: '>=2'}", False, id="another-release"),
        pytest.param("{python: '>=3.12.4'}", True, id="the-full-version"),
        pytest.param("{python: '>3.12.4'}", False, id="a-newer-python"),
        pytest.param("{platforms: 'win*'}", False, id="another-platform"),
        pytest.param("{platforms: ['win*', 'manylinux_2_28_*']}", True, id="one-of-two-platforms"),
        pytest.param("{versions: <2, python: '>=4'}", False, id="all-must-fit"),
    ],
)
def test_a_known_bad_release_fits_by_version_python_and_platform(said: str, is_bad: bool) -> None:
    entry = f"{{reason: because, {said.strip('{}')}}}"
    found = recipe(f"{{known-bad: [{entry}]}}", project="x")

    assert found.why_not(Version("1.5rc1"), LINUX) == ("because" if is_bad else "")


def test_pycrypto_is_passed_over_where_its_header_is_gone() -> None:
    pycrypto = catalogue.recipe("pycrypto")
    reason = "pycrypto includes longintrepr.h, which CPython 3.11 moved; take pycryptodome"

    assert pycrypto.why_not(Version("2.6.1"), LINUX) == reason
    old = Target.parse("3.9.18", "manylinux_2_28_x86_64")
    assert pycrypto.why_not(Version("2.6.1"), old) == ""


def test_reasons_are_sentences_that_fit_a_line() -> None:
    reasons: list[tuple[str, KnownBad]] = [
        (project, bad)
        for project in sorted(catalogue.projects())
        for bad in catalogue.recipe(project).known_bad
    ]

    assert reasons
    for project, bad in reasons:
        assert 10 < len(bad.reason) < 120, project
        assert not bad.reason.endswith("."), project
