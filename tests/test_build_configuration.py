"""What cibuildwheel is told, and what it sees."""

import dataclasses
import tomllib
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.builds.environment import scrub_environment, select_container_variables
from matrix.documents import toml_text
from matrix.manifest.network import Network
from matrix.manifest.recipe import Recipe, Repair
from matrix.plan.model import JobClass

from .builds import HOSTILE, LINUX, MACOS, OLD, WINDOWS, WORK, configure, options, place, target


def test_the_configuration_of_a_linux_job_is_this_text() -> None:
    recipe = Recipe(system={"apt": ("libmariadb-dev",)}, requires=("setuptools<81",))
    placement = place(has_certificates=True)

    configured = configure(target("3.9.18"), target("3.12.4"), recipe=recipe, placement=placement)

    assert configured.text_by_path[PurePosixPath("cibw.toml")] == (
        "[tool.cibuildwheel]\n"
        'build = ["cp39-manylinux_x86_64", "cp312-manylinux_x86_64"]\n'
        'manylinux-x86_64-image = "images.example/manylinux_2_28_x86_64:1"\n'
        'container-engine = {name = "podman", create-args = ['
        '"--label=wheelyard.run=netifaces-x.abc", "--network=none", '
        '"--env=SOURCE_DATE_EPOCH=315532800", '
        '"--env=PIP_CONSTRAINT=/project/constraints/build.txt", '
        '"--env=PIP_BUILD_CONSTRAINT=/project/constraints/build.txt", '
        '"--env=PIP_CERT=/project/certificates/ca.pem"], disable-host-mount = true}\n'
        'before-all = "sh \\"{project}/scripts/before-all.sh\\""\n'
        'dependency-versions = "latest"\n'
        'audit-command = ""\n'
        'test-command = "python \\"{project}/smoke/smoke.py\\""\n'
    )
    assert configured.arguments == (
        *("--platform", "linux", "--archs", "x86_64"),
        *("--output-dir", f"{WORK}/out", "--config-file", f"{WORK}/cibw.toml"),
    )
    assert configured.variables == {
        "CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7",
        "SOURCE_DATE_EPOCH": "315532800",
    }
    assert configured.text_by_path[PurePosixPath("constraints/build.txt")] == "setuptools<81\n"


def test_lane_1_is_told_by_variables_alone() -> None:
    old = target("2.7.18", "manylinux_2_17_x86_64")

    configured = configure(old, job_class=OLD, recipe=Recipe(environment={"CFLAGS": "-O2"}))

    assert configured.variables == {
        "CIBW_BUILD": "cp27-manylinux_x86_64",
        "CIBW_DEPENDENCY_VERSIONS": "latest",
        "CIBW_MANYLINUX_X86_64_IMAGE": "images.example/manylinux_2_28_x86_64:1",
        "CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7",
        "CIBW_TEST_COMMAND": 'python "{project}/smoke/smoke.py"',
        "SOURCE_DATE_EPOCH": "315532800",
    }
    assert configured.create_args[2:] == ("--env=SOURCE_DATE_EPOCH=315532800", "--env=CFLAGS=-O2")
    assert "--config-file" not in configured.arguments


@pytest.mark.parametrize(
    ("job_class", "platform", "archs"),
    [
        pytest.param(WINDOWS, "win_amd64", "AMD64", id="windows"),
        pytest.param(MACOS, "macosx_12_0_arm64", "arm64", id="macos"),
    ],
)
def test_without_containers_the_recipe_is_the_environment(
    job_class: JobClass, platform: str, archs: str, tmp_path: Path
) -> None:
    recipe = Recipe(
        environment={"CFLAGS": "-O2"}, requires=("Cython<3",), system={"brew": ("openldap",)}
    )
    work = tmp_path / "a work directory"

    configured = configure(
        target(platform=platform), job_class=job_class, recipe=recipe, placement=place(work=work)
    )

    constraints = f"{tmp_path.as_uri()}/a%20work%20directory/constraints/build.txt"
    floor = {"MACOSX_DEPLOYMENT_TARGET": "12.0"} if job_class is MACOS else {}
    assert configured.arguments[:4] == ("--platform", job_class.system, "--archs", archs)
    assert configured.create_args == ()
    assert configured.variables == {
        "CFLAGS": "-O2",
        "CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7",
        "PIP_BUILD_CONSTRAINT": constraints,
        "PIP_CONSTRAINT": constraints,
        "SOURCE_DATE_EPOCH": "315532800",
        **floor,
    }
    assert ("before-all" in options(configured)) == (job_class is MACOS)


WHEELS = (
    "setuptools-80.9.0-py3-none-any.whl",
    "six-1.16.0-py2.py3-none-any.whl",
    "six-1.17.0-py2.py3-none-any.whl",
)


def test_a_locked_build_has_neither_network_nor_index() -> None:
    configured = configure(
        target(), requirements=WHEELS, is_locked=True, epoch=1_700_000_000, placement=place()
    )

    assert configured.create_args == (
        "--label=wheelyard.run=netifaces-x.abc",
        "--network=none",
        "--env=SOURCE_DATE_EPOCH=1700000000",
        "--env=PIP_FIND_LINKS=/project/wheelhouse",
        "--env=UV_FIND_LINKS=/project/wheelhouse",
        "--env=PIP_NO_INDEX=1",
        "--env=UV_NO_INDEX=1",
    )
    assert configured.variables["SOURCE_DATE_EPOCH"] == "1700000000"


def test_a_prepared_image_replaces_the_recipes_before_all() -> None:
    recipe = Recipe(system={"apt": ("libldap2-dev",)}, before_all=("ldconfig",))
    plain = configure(target(), recipe=recipe)
    prepared = configure(target(), recipe=recipe, placement=place(image="localhost/prepared:1"))

    assert plain.text_by_path[PurePosixPath("scripts/before-all.sh")].endswith("\nfi\nldconfig\n")
    assert "before-all" not in options(prepared)
    assert options(prepared)["manylinux-x86_64-image"] == "localhost/prepared:1"


def test_an_unlocked_build_sees_the_index_of_its_placement_alone() -> None:
    door = place(network="container:door", index="http://127.0.0.1:8080/simple/")
    configured = configure(target(), requirements=WHEELS, placement=door)

    assert configured.create_args[1:] == (
        "--network=container:door",
        "--env=SOURCE_DATE_EPOCH=315532800",
        "--env=PIP_CONSTRAINT=/project/constraints/build.txt",
        "--env=PIP_BUILD_CONSTRAINT=/project/constraints/build.txt",
        "--env=PIP_FIND_LINKS=/project/wheelhouse",
        "--env=UV_FIND_LINKS=/project/wheelhouse",
        "--env=PIP_INDEX_URL=http://127.0.0.1:8080/simple/",
        "--env=UV_DEFAULT_INDEX=http://127.0.0.1:8080/simple/",
    )


def test_without_containers_build_requirements_are_pinned_beside_the_index() -> None:
    configured = configure(target(platform="win_amd64"), job_class=WINDOWS, requirements=WHEELS)

    assert configured.text_by_path[PurePosixPath("constraints/build.txt")] == "setuptools==80.9.0\n"
    assert configured.variables["PIP_FIND_LINKS"] == f"{WORK.as_uri()}/wheelhouse"
    assert "PIP_NO_INDEX" not in configured.variables


DELOCATE = "delocate-wheel --require-archs {delocate_archs} -w {dest_dir} -v {wheel}"


@pytest.mark.parametrize(
    ("job_class", "command"),
    [
        (LINUX, "auditwheel repair --exclude libx.so.1 --plat x -w {dest_dir} {wheel}"),
        (
            MACOS,
            DELOCATE + " --exclude libx.so.1",
        ),
        (WINDOWS, 'delvewheel repair "--exclude" "libx.so.1" -w {dest_dir} {wheel}'),
    ],
    ids=["linux", "macos", "windows"],
)
def test_libraries_that_stay_outside_are_told_to_the_repair(
    job_class: JobClass, command: str
) -> None:
    recipe = Recipe(repair=Repair(exclude=("libx.so.1",), plat="x"))

    assert options(configure(target(), job_class=job_class, recipe=recipe))[
        "repair-wheel-command"
    ] == (command)


def test_older_lanes_repair_nothing_on_windows() -> None:
    recipe = Recipe(repair=Repair(exclude=("libx.so.1",)))
    older = dataclasses.replace(WINDOWS, lane="3.4.1")

    assert "repair-wheel-command" not in options(
        configure(target(), job_class=older, recipe=recipe)
    )


def test_settings_for_the_backend_are_passed_on() -> None:
    recipe = Recipe(config_settings={"build-dir": ("x",), "setup-args": ("-Da=1", "-Db=2")})

    assert options(configure(target(), recipe=recipe))["config-settings"] == {
        "build-dir": "x",
        "setup-args": ["-Da=1", "-Db=2"],
    }
    # The pip of 1.12.0 calls setup.py, which knows no such settings.
    old = configure(target(), job_class=OLD, recipe=recipe)
    assert not any("SETTINGS" in name for name in old.variables)


def test_groups_are_enabled_where_an_identifier_needs_them() -> None:
    free = configure(target("3.13.0t"), job_class=dataclasses.replace(LINUX, lane="3.4.1"))
    pypy = configure(target("pypy-7.3.20-3.11.13"))

    assert options(free)["enable"] == ["cpython-freethreading", "pypy", "pypy-eol"]
    assert options(pypy)["enable"] == ["pypy", "pypy-eol"]
    assert options(pypy)["manylinux-pypy_x86_64-image"] == LINUX.image
    assert "enable" not in options(configure(target()))


def test_a_recipe_may_leave_the_rest_to_upstream() -> None:
    recipe = Recipe(upstream_configuration=True, environment={"A": "b c"})
    configured = configure(target(), recipe=recipe)

    assert "--config-file" not in configured.arguments
    assert configured.text_by_path == {}
    assert configured.variables["CIBW_CONTAINER_ENGINE"] == (
        "podman; create_args: --label=wheelyard.run=netifaces-x.abc --network=none "
        "--env=SOURCE_DATE_EPOCH=315532800 '--env=A=b c'; disable_host_mount: true"
    )


def test_only_lanes_that_audit_are_told_not_to() -> None:
    older = dataclasses.replace(LINUX, lane="3.4.1")

    assert "audit-command" in options(configure(target()))
    assert "audit-command" not in options(configure(target("3.8.18"), job_class=older))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_reaches_the_container_as_it_is(value: str) -> None:
    configured = configure(target(), recipe=Recipe(environment={"CFLAGS": value}))

    engine = options(configured)["container-engine"]
    assert isinstance(engine, dict)
    assert engine["create-args"][-1] == f"--env=CFLAGS={value}"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_toml(text: str) -> None:
    assert tomllib.loads(toml_text.table("a", {"b": text, "c": {"d": [text]}})) == {
        "a": {"b": text, "c": {"d": [text]}}
    }


# What a build sees ------------------------------------------------------------------------------


def test_a_build_sees_only_what_it_needs() -> None:
    runner = {
        "PATH": "/usr/bin",
        "Path": "C:\\Windows",
        "SystemRoot": "C:\\Windows",
        "CI": "true",
        "https_proxy": "http://proxy.example",
        "PIP_EXTRA_INDEX_URL": "https://extra.example",
        "CFLAGS": "-march=native",
        "PYTHONPATH": "/x",
        "GITHUB_TOKEN": "secret",
        "CIBW_BEFORE_ALL": "true",
    }

    seen = scrub_environment(runner, network=Network())

    kept = ("PATH", "Path", "SystemRoot", "CI", "https_proxy", "PIP_EXTRA_INDEX_URL")
    assert seen == {name: runner[name] for name in kept}
    assert tuple(select_container_variables(seen)[0]) == ("PIP_EXTRA_INDEX_URL", "https_proxy")


def test_a_compiler_of_2_7_reaches_only_the_lane_that_asks_for_it() -> None:
    runner = {"DISTUTILS_USE_SDK": "1", "MSSdk": "1", "INCLUDE": "C:\\vc9", "CFLAGS": "/O2"}

    assert scrub_environment(runner, network=Network(), lane="4.3.3") == {}
    assert scrub_environment(runner, network=Network(), lane="1.12.0") == {
        "DISTUTILS_USE_SDK": "1",
        "INCLUDE": "C:\\vc9",
        "MSSdk": "1",
    }


def test_the_manifests_network_replaces_pips_own() -> None:
    runner = {"PIP_INDEX_URL": "https://other.example", "PIP_EXTRA_INDEX_URL": "https://x.example"}
    network = Network(index="https://index.example/simple/", ca_bundle="/etc/ca.pem")

    assert scrub_environment(runner, network=network) == {
        "PIP_CERT": "/etc/ca.pem",
        "PIP_INDEX_URL": "https://index.example/simple/",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }
