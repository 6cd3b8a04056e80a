import base64
import dataclasses
import hashlib
import io
import os
import shlex
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from rich.console import Console

from matrix.build import smoke, system_packages, toml_text
from matrix.build.answers import answers
from matrix.build.configuration import Configuration, configuration
from matrix.build.engine import Engine, write_shim
from matrix.build.failure import build_failed, telling
from matrix.build.lane_environment import lane_python
from matrix.build.machine import Machine
from matrix.build.offering import Offered
from matrix.build.running import Availability, Workshop, build, can_build
from matrix.build.surroundings import carried, scrubbed
from matrix.edge.programs import Finished
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import BuildFailed, ManifestError, NotEquipped
from matrix.manifest import model
from matrix.manifest.model import Manifest, Network, Recipe
from matrix.plan.model import Build, Job, JobClass, Plan, PlannedTarget
from matrix.targets.target import Target

HOSTILE = (
    "it's",
    "$HOME $(touch pwned) `touch pwned`",
    'back\\slash and "quotes"',
    "two\nlines",
    "",
    "a=b; create-args: --privileged",
    "${{ secrets.TOKEN }} héé ;|&<>#!*?[a]{b,c}~",
    "\x7f\x01\t",
)
PLACE = "x.00: netifaces 0.11.0"
WORK = Path("/work-directory/netifaces-x.abc")
LINUX = JobClass(
    id="manylinux-x86-64-cibw4",
    system="linux",
    platform="manylinux_x86_64",
    lane="4.3.3",
    engine="podman",
    image="images.example/manylinux_2_28_x86_64:1",
    github=("ubuntu-24.04",),
    gitlab_tags=(),
    gitlab_image="",
)
OLD = dataclasses.replace(LINUX, id="manylinux-x86-64-cibw1", lane="1.12.0")
WINDOWS = dataclasses.replace(
    LINUX, id="win-amd64-cibw4", system="windows", platform="win_amd64", image=""
)
MACOS = dataclasses.replace(
    LINUX, id="macosx-arm64-cibw4", system="macos", platform="macosx_arm64", image=""
)
HERE = Machine(system="linux", arch="x86_64", python=Path(sys.executable))
EMPTY = Manifest(bundle="b", targets={}, packages=())
QUIET = Reporter(loudness=Loudness.QUIET, console=Console(quiet=True))


def target(python: str = "3.12.4", platform: str = "manylinux_2_28_x86_64") -> Target:
    return Target.parse(python, platform)


def one(*targets: Target, project: str = "netifaces", after: tuple[str, ...] = ()) -> Build:
    return Build(
        project=project,
        version="0.11.0",
        sdist=f"{project}-0.11.0.tar.gz",
        sha256="0" * 64,
        size=1,
        identifiers=tuple(t.identifier for t in targets),
        targets=tuple(t.id for t in targets),
        after=after,
    )


def job(*builds: Build, job_class: JobClass = LINUX) -> Job:
    return Job(id="x.00", job_class=job_class.id, builds=builds, seconds=60)


def told(
    *targets: Target,
    job_class: JobClass = LINUX,
    recipe: Recipe | None = None,
    environment: Mapping[str, str] | None = None,
    offered: Offered | None = None,
    work: Path = WORK,
) -> Configuration:
    return configuration(
        one(*targets),
        job_class,
        targets=targets,
        recipe=recipe or Recipe(),
        environment=environment or {},
        offered=offered or Offered(),
        work=work,
    )


def options(configured: Configuration) -> dict[str, object]:
    text = configured.files[PurePosixPath("cibw.toml")]
    read: dict[str, object] = tomllib.loads(text)["tool"]["cibuildwheel"]
    return read


def recorded(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()},{len(text.encode())}"


def wheel(directory: Path, filename: str, members: Mapping[str, str] | None = None) -> Path:
    project, version, *_ = filename.split("-")
    info = f"{project}-{version}.dist-info"
    written = {
        **(members or {f"{project}.py": ""}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n",
    }
    record = "".join(f"{name},{recorded(text)}\n" for name, text in written.items())
    record += f"{info}/RECORD,,\n"
    path = directory / filename
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**written, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return path


# Configuration ----------------------------------------------------------------------------------


def test_the_configuration_of_a_linux_job_is_this_text() -> None:
    recipe = Recipe(system={"apt": ("libmariadb-dev",)}, requires=("setuptools<81",))
    environment = {"PIP_INDEX_URL": "https://u:secret@index.example/simple/", "PIP_CERT": "/ca.pem"}

    configured = told(target("3.9.18"), target("3.12.4"), recipe=recipe, environment=environment)

    assert configured.files[PurePosixPath("cibw.toml")] == (
        "[tool.cibuildwheel]\n"
        'build = ["cp39-manylinux_x86_64", "cp312-manylinux_x86_64"]\n'
        'manylinux-x86_64-image = "images.example/manylinux_2_28_x86_64:1"\n'
        'container-engine = {name = "podman", create-args = ['
        '"--label=wheel-matrix.run=netifaces-x.abc", "--env=PIP_INDEX_URL", '
        '"--env=SOURCE_DATE_EPOCH=315532800", '
        '"--env=PIP_CONSTRAINT=/project/constraints/build.txt", '
        '"--env=PIP_BUILD_CONSTRAINT=/project/constraints/build.txt", '
        '"--env=PIP_CERT=/project/certificates/ca.pem"], disable-host-mount = true}\n'
        'before-all = "sh \\"{project}/scripts/system-packages.sh\\""\n'
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
    assert configured.files[PurePosixPath("constraints/build.txt")] == "setuptools<81\n"


def test_lane_1_is_told_by_variables_alone() -> None:
    old = target("2.7.18", "manylinux_2_17_x86_64")

    configured = told(old, job_class=OLD, recipe=Recipe(environment={"CFLAGS": "-O2"}))

    assert configured.variables == {
        "CIBW_BUILD": "cp27-manylinux_x86_64",
        "CIBW_DEPENDENCY_VERSIONS": "latest",
        "CIBW_MANYLINUX_X86_64_IMAGE": "images.example/manylinux_2_28_x86_64:1",
        "CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7",
        "CIBW_TEST_COMMAND": 'python "{project}/smoke/smoke.py"',
        "SOURCE_DATE_EPOCH": "315532800",
    }
    assert configured.container[1:] == ("--env=SOURCE_DATE_EPOCH=315532800", "--env=CFLAGS=-O2")
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

    configured = told(target(platform=platform), job_class=job_class, recipe=recipe, work=work)

    constraints = f"{tmp_path.as_uri()}/a%20work%20directory/constraints/build.txt"
    floor = {"MACOSX_DEPLOYMENT_TARGET": "12.0"} if job_class is MACOS else {}
    assert configured.arguments[:4] == ("--platform", job_class.system, "--archs", archs)
    assert configured.container == ()
    assert configured.variables == {
        "CFLAGS": "-O2",
        "CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7",
        "PIP_BUILD_CONSTRAINT": constraints,
        "PIP_CONSTRAINT": constraints,
        "SOURCE_DATE_EPOCH": "315532800",
        **floor,
    }
    assert ("before-all" in options(configured)) == (job_class is MACOS)


def test_only_lanes_that_audit_are_told_not_to() -> None:
    older = dataclasses.replace(LINUX, lane="3.4.1")

    assert "audit-command" in options(told(target()))
    assert "audit-command" not in options(told(target("3.8.18"), job_class=older))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_reaches_the_container_as_it_is(value: str) -> None:
    configured = told(target(), recipe=Recipe(environment={"CFLAGS": value}))

    engine = options(configured)["container-engine"]
    assert isinstance(engine, dict)
    assert engine["create-args"][-1] == f"--env=CFLAGS={value}"


def test_a_recipe_that_would_become_code_is_refused() -> None:
    recipe = Recipe(
        environment={"CIBW_BEFORE_ALL": "x", "A B": "x", "PATH": "/usr/bin"},
        system={"apt": ("--allow-unauthenticated", "libldap2-dev", "a;b")},
        requires=("--index-url=https://index.example", "setuptools<81"),
        test=model.Test(requires=("-e .",)),
        line=7,
    )

    with pytest.raises(ManifestError) as caught:
        told(target(), recipe=recipe)

    assert str(caught.value).splitlines() == [
        f"packages.yaml:7: recipes.netifaces.{what}"
        for what in (
            "environment: expected a variable's name without CIBW_, got 'A B'",
            "environment: expected a variable's name without CIBW_, got 'CIBW_BEFORE_ALL'",
            "requires: expected a PEP 508 requirement, got '--index-url=https://index.example'",
            "system.apt: expected the name of a system package, got '--allow-unauthenticated'",
            "system.apt: expected the name of a system package, got 'a;b'",
            "test.requires: expected a PEP 508 requirement, got '-e .'",
        )
    ]


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

    seen = scrubbed(runner, network=Network())

    kept = ("PATH", "Path", "SystemRoot", "CI", "https_proxy", "PIP_EXTRA_INDEX_URL")
    assert seen == {name: runner[name] for name in kept}
    assert carried(seen) == ("PIP_EXTRA_INDEX_URL", "https_proxy")


def test_the_manifests_network_replaces_pips_own() -> None:
    runner = {"PIP_INDEX_URL": "https://other.example", "PIP_EXTRA_INDEX_URL": "https://x.example"}
    network = Network(index="https://index.example/simple/", ca_bundle="/etc/ca.pem")

    assert scrubbed(runner, network=network) == {
        "PIP_CERT": "/etc/ca.pem",
        "PIP_INDEX_URL": "https://index.example/simple/",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


# System packages --------------------------------------------------------------------------------

PACKAGES: Mapping[system_packages.Manager, tuple[str, ...]] = {
    "dnf": ("openldap-devel",),
    "apk": ("openldap-dev",),
    "apt": ("libldap2-dev", "libsasl2-dev"),
    "brew": ("openldap",),
}


@pytest.mark.parametrize(
    ("present", "ran"),
    [
        (("dnf", "yum", "apt-get"), ["dnf install -y openldap-devel"]),
        (("yum",), ["yum install -y openldap-devel"]),
        (("apk",), ["apk add --no-cache openldap-dev"]),
        (
            ("apt-get",),
            [
                "apt-get update",
                "apt-get install -y --no-install-recommends libldap2-dev libsasl2-dev",
            ],
        ),
    ],
    ids=["alma", "centos", "alpine", "debian"],
)
def test_the_manager_that_is_there_installs(
    present: tuple[str, ...], ran: list[str], tmp_path: Path
) -> None:
    for name in present:
        program(tmp_path / "bin" / name, 'echo "${0##*/} $*"')

    done = sh(system_packages.script("linux", PACKAGES), tmp_path)

    assert (done.returncode, done.stdout.splitlines()) == (0, ran)


def test_a_system_without_a_known_manager_says_so(tmp_path: Path) -> None:
    done = sh(system_packages.script("linux", PACKAGES), tmp_path)

    assert (done.returncode, done.stderr) == (
        1,
        "expected one of dnf, yum, apk, apt-get, got none\n",
    )


def test_a_manager_for_which_nothing_is_named_installs_nothing(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "apt-get", "exit 1")

    done = sh(system_packages.script("linux", {"apk": ("linux-headers",)}), tmp_path)

    assert done.stdout == "the recipe names no system packages for apt\n"


def test_system_packages_of_another_system_need_no_script() -> None:
    assert system_packages.script("windows", PACKAGES) == ""
    assert system_packages.script("macos", {"apt": ("x",)}) == ""
    assert "brew install openldap\n" in system_packages.script("macos", PACKAGES)


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def sh(script: str, directory: Path) -> subprocess.CompletedProcess[str]:
    path = directory / "script.sh"
    path.write_text(script)
    return subprocess.run(
        ["/bin/sh", path],
        env={"PATH": str(directory / "bin")},
        check=False,
        capture_output=True,
        text=True,
    )


# The smoke test ---------------------------------------------------------------------------------


def interpreters() -> list[object]:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted(path for path in pyenv.glob("versions/[23].*/bin/python") if path.exists())
    parameters: list[object] = [pytest.param(p, id=p.parent.parent.name) for p in found]
    if not any(path.parent.parent.name.startswith("2.7.") for path in found):
        absent = pytest.mark.skip(
            reason="pyenv has no CPython 2.7: the smoke test is unproven there"
        )
        parameters.append(pytest.param(Path(), id="2.7", marks=absent))
    return [*parameters, pytest.param(Path(sys.executable), id="this")]


def run_smoke(
    python: Path, directory: Path, *, members: Mapping[str, str], test: model.Test
) -> subprocess.CompletedProcess[str]:
    built = wheel(directory, "Some_thing-1.0-py2.py3-none-any.whl", members)
    installed = directory / "site"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(installed)  # noqa: S202 - made a line above
    (directory / "smoke.py").write_text(smoke.SCRIPT, encoding="utf-8")
    settings = smoke.settings(canonicalize_name("Some.thing"), test)
    (directory / "smoke.json").write_text(settings, encoding="utf-8")
    environment = {"PATH": f"{python.parent}:/usr/bin:/bin", "PYTHONPATH": str(installed)}
    return subprocess.run(
        [python, directory / "smoke.py"],
        env=environment,
        check=False,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize("python", interpreters())
def test_every_module_that_the_wheel_declares_is_imported(python: Path, tmp_path: Path) -> None:
    members = {
        "alone.py": "",
        "package/__init__.py": "",
        "package/inner.py": "raise SystemExit(1)",
        "space/name/__init__.py": "",
        "tests/__init__.py": "raise SystemExit(1)",
        "Some_thing.libs/not_meant.py": "raise SystemExit(1)",
        "not-a-module.py": "raise SystemExit(1)",
    }
    if python.parent.parent.name.startswith("2."):
        members["space/__init__.py"] = ""  # 2.7 has no namespace packages without files

    done = run_smoke(python, tmp_path, members=members, test=model.Test())

    space = "space" if "space/__init__.py" in members else "space.name"
    assert done.stdout.splitlines() == ["import alone", "import package", f"import {space}"]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("python", interpreters())
def test_a_module_that_does_not_import_fails_the_build(python: Path, tmp_path: Path) -> None:
    done = run_smoke(python, tmp_path, members={"broken.py": "import no_such"}, test=model.Test())

    assert done.returncode == 1
    assert "no_such" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("python", interpreters())
def test_the_recipes_modules_and_command_replace_the_declared(python: Path, tmp_path: Path) -> None:
    command = "echo 'h\u00e9 {project} $0' && exit 3"
    test = model.Test(modules=("one",), command=command)

    done = run_smoke(python, tmp_path, members={"one.py": "", "two.py": "1/0"}, test=test)

    assert done.stdout.splitlines() == [
        "import one",
        "$ echo 'h? {project} $0' && exit 3",
        "h\u00e9 {project} $0",
    ]
    assert done.returncode == 3


def test_a_wheel_without_modules_needs_a_recipe(tmp_path: Path) -> None:
    done = run_smoke(Path(sys.executable), tmp_path, members={"data.txt": ""}, test=model.Test())

    assert done.stderr == (
        "expected modules to import, got none: name them in the recipe's test.import\n"
    )


# Engines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", HOSTILE)
def test_the_shim_drops_the_host_and_passes_the_rest(extra: str, tmp_path: Path) -> None:
    podman = program(tmp_path / "a place" / "podman", r"printf '%s\0' " + '"$@"')
    create = ("create", "--env=CIBUILDWHEEL", "--volume=/:/host", "-w", "/project", "im age", "")

    write_shim(tmp_path / "shims", program=str(podman), extra=(f"--env=X={extra}", "--label=a"))

    shim = tmp_path / "shims" / "docker"
    assert said(shim, *create) == [
        *("create", f"--env=X={extra}", "--label=a", "--env=CIBUILDWHEEL", "im age", "")
    ]
    assert said(shim, "exec", "-i", "n", "sh", "-c", "cat > $X") == [
        *("exec", "-i", "n", "sh", "-c", "cat > $X")
    ]
    assert said(shim, "--version") == ["--version"]


def said(program: Path, *arguments: str) -> list[str]:
    done = subprocess.run([program, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.split("\0")[:-1]


def availability(job_class: JobClass, directory: Path, machine: Machine = HERE) -> Availability:
    return can_build(job_class, manifest=EMPTY, workshop=workshop(directory, machine))


def workshop(directory: Path, machine: Machine = HERE) -> Workshop:
    return Workshop(
        machine=machine,
        environment={"PATH": str(directory / "bin")},
        cache=directory / "cache",
        logs=directory / "logs",
        reporter=QUIET,
    )


def test_a_job_of_another_system_names_the_runner_it_needs(tmp_path: Path) -> None:
    arm = dataclasses.replace(LINUX, platform="manylinux_aarch64")

    assert availability(WINDOWS, tmp_path).reason == "needs a windows runner"
    assert availability(MACOS, tmp_path).reason == "needs a macos runner"
    assert availability(arm, tmp_path).reason == "needs a linux runner with aarch64"


def test_each_runner_builds_its_own(tmp_path: Path) -> None:
    windows = Machine(system="windows", arch="x86_64", python=Path("python"))
    mac = Machine(system="macos", arch="aarch64", python=Path("python"))
    narrow = dataclasses.replace(WINDOWS, platform="win32")
    intel = dataclasses.replace(MACOS, platform="macosx_x86_64")

    assert availability(WINDOWS, tmp_path, windows).is_available
    assert availability(narrow, tmp_path, windows).is_available
    assert availability(MACOS, tmp_path, mac).is_available
    assert availability(intel, tmp_path, mac).is_available
    assert availability(LINUX, tmp_path, mac).reason == "needs a linux runner"


def test_an_engine_that_is_not_installed_is_named(tmp_path: Path) -> None:
    assert availability(LINUX, tmp_path) == Availability(
        reason="podman is not installed", hint="install podman and run this again"
    )


def test_a_client_without_its_daemon_is_no_engine(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "podman", "echo 'Cannot connect to the daemon' >&2; exit 1")

    assert availability(LINUX, tmp_path) == Availability(
        reason="podman does not work: Cannot connect to the daemon", hint="podman version"
    )


def test_an_image_that_cannot_be_pulled_is_named(tmp_path: Path) -> None:
    body = 'case "$1" in version) ;; pull) echo "no such host" >&2; exit 125 ;; *) exit 1 ;; esac'
    program(tmp_path / "bin" / "podman", body)

    assert availability(LINUX, tmp_path).reason == (
        "image images.example/manylinux_2_28_x86_64:1 cannot be had"
    )


def test_a_floor_without_an_image_is_said(tmp_path: Path) -> None:
    bare = dataclasses.replace(LINUX, image="")

    assert availability(bare, tmp_path) == Availability(
        reason="no image of cibuildwheel 4.3.3 is old enough for its targets",
        hint="name one in runners[].images",
    )


def test_containers_of_a_run_are_removed_by_its_label(tmp_path: Path) -> None:
    log = tmp_path / "log"
    body = f'echo "$*" >> {shlex.quote(str(log))}; if [ "$1" = ps ]; then echo c1; echo c2; fi'
    podman = program(tmp_path / "bin" / "podman", body)

    Engine(program=str(podman), environment={}).remove("wheel-matrix.run=x")

    assert log.read_text().splitlines() == [
        "ps --all --quiet --filter label=wheel-matrix.run=x",
        "rm --force c1 c2",
    ]


# What was built ---------------------------------------------------------------------------------

MANY = "manylinux_2_5_x86_64.manylinux1_x86_64"


def test_wheels_that_answer_every_target_are_kept(tmp_path: Path) -> None:
    built = [
        wheel(tmp_path, f"netifaces-0.11.0-cp39-abi3-{MANY}.whl"),
        wheel(tmp_path, f"netifaces-0.11.0-cp27-cp27mu-{MANY}.whl"),
        wheel(tmp_path, f"netifaces-0.11.0-cp27-cp27m-{MANY}.whl"),
    ]
    targets = (target("3.12.4"), target("3.9.18"), target("2.7.18"))

    kept = answers(built, one(*targets), targets, place=PLACE)

    # 1.12.0 builds for both ABIs of 2.7, and nobody asked for the narrow one.
    assert kept == (built[1], built[0])


@pytest.mark.parametrize(
    "platform", ["manylinux_2_34_x86_64", "linux_x86_64"], ids=["too-new", "not-repaired"]
)
def test_a_wheel_above_the_floor_is_named_with_its_target(platform: str, tmp_path: Path) -> None:
    built = wheel(tmp_path, f"netifaces-0.11.0-cp312-cp312-{platform}.whl")

    with pytest.raises(BuildFailed) as caught:
        answers([built], one(target()), (target(),), place=PLACE)

    assert str(caught.value) == (
        "x.00: netifaces 0.11.0: expected a wheel for cp312-manylinux_2_28_x86_64, "
        f"got netifaces-0.11.0-cp312-cp312-{platform}.whl\n"
        "  hint: build it in an image for manylinux_2_28_x86_64: runners[].images"
    )


def test_every_unanswered_target_and_strange_file_is_named(tmp_path: Path) -> None:
    built = [
        wheel(tmp_path, f"netifaces-0.12.0-cp312-cp312-{MANY}.whl"),
        wheel(tmp_path, f"netifaces-0.11.0-cp39-cp39-{MANY}.whl"),
    ]
    targets = (target("3.12.4"), target("3.9.18"))

    with pytest.raises(BuildFailed) as caught:
        answers(built, one(*targets), targets, place=PLACE)

    assert str(caught.value).splitlines() == [
        "x.00: netifaces 0.11.0: expected a wheel for cp312-manylinux_2_28_x86_64, got none",
        (
            f"x.00: netifaces 0.11.0: netifaces-0.12.0-cp312-cp312-{MANY}.whl: "
            "expected netifaces 0.11.0, got netifaces 0.12.0"
        ),
    ]


def test_a_failed_build_tells_the_lines_that_matter() -> None:
    output = "gcc x.c\n\x1b[31mx.c:1:10: fatal error: mysql.h: No such file\x1b[0m\nremoving\n"
    finished = Finished(command=("x",), status=1, output=output)

    assert str(build_failed("job", finished, log=Path("logs/job.log"))) == (
        "job: cibuildwheel ended with status 1: a command of the build failed\n"
        "  x.c:1:10: fatal error: mysql.h: No such file\n"
        "  hint: read logs/job.log"
    )


def test_a_log_without_reasons_is_told_by_its_end() -> None:
    assert telling("\n".join(map(str, range(10)))) == ("4", "5", "6", "7", "8", "9")


# A whole run, with everything real but the container and the network ---------------------------


def test_a_job_for_another_runner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotEquipped) as caught:
        run_job(tmp_path, target(platform="win_amd64"), job_class=WINDOWS)

    assert str(caught.value) == "x.00: needs a windows runner"


def test_a_job_leaves_wheels_and_a_log_and_nothing_else(tmp_path: Path) -> None:
    name = f"netifaces-0.11.0-cp312-cp312-{MANY}.whl"
    made = wheel(tmp_path, name)
    prepared(tmp_path, f'cp {shlex.quote(str(made))} "${{out}}" && pwd && ls')

    kept = run_job(tmp_path, target())

    assert kept == (tmp_path / "wheels" / name,)
    assert kept[0].read_bytes() == made.read_bytes()
    assert (tmp_path / "logs" / "x.00.netifaces-0.11.0.log").read_text().splitlines()[1:] == [
        *("cibw.toml", "out", "smoke", "src")
    ]
    assert list((tmp_path / "cache" / "work").iterdir()) == []


def test_a_job_that_fails_leaves_its_log_and_no_container(tmp_path: Path) -> None:
    prepared(tmp_path, "echo 'error: no compiler'; exit 10")

    with pytest.raises(BuildFailed) as caught:
        run_job(tmp_path, target())

    log = tmp_path / "logs" / "x.00.netifaces-0.11.0.log"
    assert str(caught.value) == (
        "x.00: netifaces 0.11.0: cibuildwheel ended with status 10: the build made no wheel\n"
        "  error: no compiler\n"
        f"  hint: read {log}"
    )
    assert log.read_text() == "error: no compiler\n"
    last = (tmp_path / "podman.log").read_text().splitlines()[-1]
    assert last.startswith("ps --all --quiet --filter label=wheel-matrix.run=x.00.")
    assert list((tmp_path / "cache" / "work").iterdir()) == []


def test_a_job_that_takes_too_long_is_stopped_with_its_containers(tmp_path: Path) -> None:
    prepared(tmp_path, "exec sleep 60")

    with pytest.raises(BuildFailed) as caught:
        run_job(tmp_path, target(), seconds=0.5)

    assert str(caught.value).splitlines()[:2] == [
        "x.00: netifaces 0.11.0: cibuildwheel ended with status 124: it took too long",
        "  stopped after 0 seconds",
    ]
    assert (tmp_path / "podman.log").read_text().splitlines()[-1].startswith("ps --all")


def test_an_archive_that_is_no_sdist_is_named(tmp_path: Path) -> None:
    prepared(tmp_path, "true")
    (tmp_path / "netifaces-0.11.0.tar.gz").write_bytes(b"no archive")

    with pytest.raises(BuildFailed) as caught:
        run_job(tmp_path, target())

    assert str(caught.value).startswith("x.00: netifaces 0.11.0: netifaces-0.11.0.tar.gz")


def test_a_lane_that_cannot_be_installed_is_named(tmp_path: Path) -> None:
    python = program(tmp_path / "python", "echo 'no module named venv' >&2; exit 1")
    machine = dataclasses.replace(HERE, python=python)

    with pytest.raises(NotEquipped) as caught:
        lane_python(
            "4.3.3", machine=machine, cache=tmp_path / "cache", environment={}, reporter=QUIET
        )

    assert str(caught.value) == (
        "cibuildwheel 4.3.3: cannot be installed: no module named venv\n"
        "  hint: python -m pip install cibuildwheel==4.3.3"
    )
    assert list((tmp_path / "cache").iterdir()) == []


def prepared(directory: Path, body: str) -> None:
    """Make an engine that answers, an sdist, and a lane whose cibuildwheel is ``body``."""
    log = shlex.quote(str(directory / "podman.log"))
    program(directory / "bin" / "podman", f'echo "$*" >> {log}')
    version = "if [ $2 = -c ]; then echo 4.3.3; exit; fi"
    out = 'while [ $# -gt 1 ]; do [ "$1" = --output-dir ] && out=$2; shift; done; mkdir "$out"'
    path = "PATH=/usr/bin:/bin"
    lane = directory / "cache" / "cibuildwheel-4.3.3" / "bin" / "python"
    program(lane, f"{version}\n{path}\n{out}\n{body}")
    sdist(directory, "netifaces")


def sdist(directory: Path, project: str) -> None:
    files = {"setup.py": b"", "PKG-INFO": b"Metadata-Version: 1.0\nName: netifaces\n"}
    with tarfile.open(directory / f"{project}-0.11.0.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{project}-0.11.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def run_job(
    directory: Path,
    *targets: Target,
    job_class: JobClass = LINUX,
    seconds: float = 60.0,
    builds: tuple[Build, ...] = (),
) -> tuple[Path, ...]:
    whole = job(*(builds or (one(*targets),)), job_class=job_class)
    planned = tuple(
        PlannedTarget(id=t.id, python=str(t.python), platform=str(t.platform)) for t in targets
    )
    return build(
        whole,
        plan=Plan(
            bundle="b", targets=planned, wishes=(), cells=(), classes=(job_class,), jobs=(whole,)
        ),
        manifest=EMPTY,
        sdist=lambda build: directory / build.sdist,
        out=directory / "wheels",
        workshop=dataclasses.replace(workshop(directory), seconds=seconds),
    )
