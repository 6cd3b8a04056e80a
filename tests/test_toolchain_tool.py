"""The tool that pipelines install: locked by hash, compared offline, and run from nowhere else."""

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker

from matrix.errors import Impossible, ManifestError
from matrix.manifest.reading import read
from matrix.manifest.tool import Tool
from matrix.pipelines import github, gitlab, providers
from matrix.pipelines.installation import REQUIREMENTS
from matrix.targets.target import Target
from matrix.toolchain import tool_check
from matrix.toolchain.tool_markers import format_marker
from matrix.toolchain.tool_requirements import (
    Pin,
    ToolIdentity,
    ToolRequirements,
    dump_requirements,
    parse_requirements,
)

from .golden import semantics
from .index_server import IndexServer
from .tools import FILENAME, HOSTS, MANIFEST, lock, make_tool, publish_requirements
from .wheels import make_sdist, make_wheel

FORMS = (
    "a wheel in the repository (tools/wheelyard-0.2.0-py3-none-any.whl), "
    "wheelyard==0.2.0 from an index of your own, or '.' in a checkout of wheelyard"
)
NEWER = "python_version == '3.12' or python_version == '3.13' or python_version == '3.14'"
WHEEL = f"{MANIFEST}tool: tools/{FILENAME}\n"


@pytest.fixture
def repository(index: IndexServer, tmp_path: Path) -> Path:
    """A repository that holds the tool's wheel; the index has what it requires."""
    root = tmp_path / "repository"
    (root / "tools").mkdir(parents=True)
    make_tool(root / "tools")
    publish_requirements(index, tmp_path / "wheels")
    (root / "packages.yaml").write_text(WHEEL, encoding="utf-8")
    return root


# What ``tool`` can say ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("a b; c", "", "--index-url=https://index.example", "wheelyard", "wheelyard>=0.2"),
        *("wheelyard==0.2.*", "wheelyard ==0.2.0", "another==0.2.0", "..", "./", "/"),
        *("https://index.example/wheelyard-0.2.0-py3-none-any.whl", "tools"),
        *("../wheelyard-0.2.0-py3-none-any.whl", "/opt/wheelyard-0.2.0-py3-none-any.whl"),
        *("a/../wheelyard-0.2.0-py3-none-any.whl", "wheelyard-0.2.0-cp312-cp312-win32.whl"),
        *("another-0.2.0-py3-none-any.whl", "tools/wheelyard-0.2.0.tar.gz"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_line_and_the_good_forms(text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read(f"{MANIFEST}tool: {text!r}\n")

    assert str(caught.value) == f"packages.yaml:9: tool: expected {FORMS}, got {text!r}"


@pytest.mark.parametrize(
    ("text", "version", "filename"),
    [
        (".", "", ""),
        (f"tools/{FILENAME}", "0.1.0", FILENAME),
        (FILENAME, "0.1.0", FILENAME),
        (".ci/wheelyard-1.0rc1-py3-none-any.whl", "1.0rc1", "wheelyard-1.0rc1-py3-none-any.whl"),
        ("wheelyard==0.2.0.post1", "0.2.0.post1", "wheelyard-0.2.0.post1-py3-none-any.whl"),
    ],
)
def test_the_good_forms_are_read(text: str, version: str, filename: str) -> None:
    tool = Tool.parse(text)

    assert (str(tool), tool.version, tool.filename) == (text, version, filename)


@pytest.mark.parametrize(
    ("network", "is_own"),
    [
        ("", False),
        ("network: {index: 'https://index.example/simple/'}\n", True),
        ("network: {internal: {index: 'https://i.example/', projects: ['wheel*']}}\n", True),
        ("network: {internal: {index: 'https://i.example/', projects: [acme]}}\n", False),
    ],
    ids=["none", "index", "internal", "internal-without-it"],
)
def test_a_version_needs_an_index_that_the_manifest_names(network: str, is_own: bool) -> None:
    text = f"{MANIFEST}{network}tool: wheelyard==0.2.0\n"
    if is_own:
        assert read(text).tool == Tool("wheelyard==0.2.0")
        return

    with pytest.raises(ManifestError) as caught:
        read(text)

    line = 10 if network else 9
    assert str(caught.value) == (
        f"packages.yaml:{line}: tool: wheelyard==0.2.0 needs network.index, or network.internal "
        "with wheelyard among its projects: the name is not reserved on the public index\n"
        "  hint: tool: tools/wheelyard-0.2.0-py3-none-any.whl"
    )


def test_pipelines_without_a_tool_are_refused() -> None:
    with pytest.raises(ManifestError) as caught:
        providers.render_committed(read(MANIFEST))

    assert str(caught.value) == (
        f"packages.yaml:7: pipelines need the key `tool`: {FORMS}\n"
        "  hint: tool: tools/wheelyard-0.2.0-py3-none-any.whl"
    )


# Locked ------------------------------------------------------------------------------------------


def test_every_wheel_that_a_runner_may_install_is_pinned(
    repository: Path, index: IndexServer
) -> None:
    requirements = lock(WHEEL, repository, index)

    assert requirements.covers == HOSTS
    assert requirements.lacks == ()
    assert [(pin.requirement, pin.marker, len(pin.sha256s)) for pin in requirements.pins] == [
        ("colours==0.4", "sys_platform == 'win32'", 1),
        # Four Pythons, and of each one wheel for Windows and macOS, and two for Linux.
        ("fast==1.0", "", 16),
        ("yaml==1.0", "python_version == '3.11'", 1),
        ("yaml==2.0", NEWER, 1),
        (f"./tools/{FILENAME}", "", 1),
    ]  # fmt: skip


def test_the_same_index_gives_the_same_bytes(repository: Path, index: IndexServer) -> None:
    texts = {dump_requirements(lock(WHEEL, repository, index)) for _ in range(2)}

    assert len(texts) == 1
    assert "://" not in texts.pop()


def test_a_version_is_pinned_from_the_index(repository: Path, index: IndexServer) -> None:
    index.add(repository / "tools" / FILENAME)

    requirements = lock(
        f"{MANIFEST}network: {{index: '{index.url}'}}\ntool: wheelyard==0.1.0\n", repository, index
    )

    assert requirements.identity == ToolIdentity(
        tool="wheelyard==0.1.0", version="0.1.0", sha256=""
    )
    assert [p.requirement for p in requirements.pins][-3:-2] == ["wheelyard==0.1.0"]


def test_a_checkout_is_locked_with_what_builds_it(repository: Path, index: IndexServer) -> None:
    (repository / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["colours"]\n'
        '[project]\nname = "wheelyard"\nversion = "0.1.0"\ndependencies = ["yaml"]\n'
    )

    requirements = lock(f"{MANIFEST}tool: .\n", repository, index)

    assert sorted({p.requirement for p in requirements.pins}) == [
        "colours==0.4", "yaml==1.0", "yaml==2.0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", [None, "[project]\nname = 'other'\nversion = '1'\n", "[project]\nname = 1\n", "]"]
)
def test_another_repository_is_no_checkout(text: str | None, repository: Path) -> None:
    if text is not None:
        (repository / "pyproject.toml").write_text(text)

    with pytest.raises(ManifestError) as caught:
        list(tool_check.find_problems(read(f"{MANIFEST}tool: .\n"), root=repository))

    assert str(caught.value) == (
        "packages.yaml:9: tool: '.' needs a checkout of wheelyard, and this repository is none\n"
        "  hint: tool: tools/wheelyard-0.2.0-py3-none-any.whl"
    )


def test_a_python_without_wheels_is_listed_as_lacking(repository: Path, index: IndexServer) -> None:
    del index.listed["fast-1.0-cp311-cp311-win_amd64.whl"]

    requirements = lock(WHEEL, repository, index)

    assert requirements.lacks == ("cp311-win_amd64",)
    assert set(requirements.covers) == set(HOSTS) - {"cp311-win_amd64"}
    (repository / REQUIREMENTS).write_text(dump_requirements(requirements))
    assert list(tool_check.find_problems(read(WHEEL), root=repository)) == []


def test_a_system_without_wheels_is_an_error(repository: Path, index: IndexServer) -> None:
    for python in ("cp311", "cp312", "cp313", "cp314"):
        del index.listed[f"fast-1.0-{python}-{python}-win_amd64.whl"]
    index.add(make_sdist(repository.parent / "wheels", "fast", "1.0"))

    with pytest.raises(Impossible) as caught:
        lock(WHEEL, repository, index)

    assert str(caught.value) == (
        "packages.yaml: tool: cannot be installed on CPython 3.14.0 on win_amd64: "
        "fast 1.0 has no wheel"
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_marker_selects_what_it_was_made_for(count: int) -> None:
    platforms = ("manylinux_2_17_x86_64", "manylinux_2_17_aarch64", "win_amd64")
    hosts = [Target.parse(python, p) for python in ("3.11.4", "3.12.0") for p in platforms]

    for selected in itertools.chain(
        itertools.combinations(hosts, count), itertools.combinations(hosts, len(hosts) - count)
    ):
        marker = format_marker(selected, hosts)

        true = [h for h in hosts if Marker(marker).evaluate({**h.marker_environment()})]
        assert true == list(selected), marker


# Compared ----------------------------------------------------------------------------------------


def check(repository: Path, manifest: str = WHEEL) -> list[str]:
    problems = tool_check.find_problems(read(manifest), root=repository)
    return [str(problem) for problem in problems]


def test_a_file_that_fits_is_accepted_without_an_index(
    repository: Path, index: IndexServer
) -> None:
    text = dump_requirements(lock(WHEEL, repository, index))
    index.requests.clear()
    # git on Windows may write these line ends.
    (repository / REQUIREMENTS).write_text(text, newline="\r\n")

    assert check(repository) == []
    assert index.requests == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("# @generated", "# written", "was not made by wheelyard"),
        ("yaml==1.0", "yaml==1.1", "was edited after it was made"),
        ("<<<", "<<<", "was edited after it was made"),
    ],
)
def test_an_edited_file_is_refused(
    old: str, new: str, problem: str, repository: Path, index: IndexServer
) -> None:
    text = dump_requirements(lock(WHEEL, repository, index))
    edited = text.replace(old, new) if old in text else f"{text}{new}\n"
    (repository / REQUIREMENTS).write_text(edited)

    assert check(repository) == [f"{REQUIREMENTS}: {problem}\n  hint: wheelyard tool --lock"]


def test_no_file_names_the_command(repository: Path) -> None:
    assert check(repository) == [f"{REQUIREMENTS}: not found\n  hint: wheelyard tool --lock"]


def test_every_difference_from_the_manifest_is_reported(
    repository: Path, index: IndexServer
) -> None:
    requirements = lock(WHEEL, repository, index)
    (repository / REQUIREMENTS).write_text(dump_requirements(requirements))
    make_tool(repository / "tools").write_bytes(b"another wheel")
    wider = WHEEL.replace(
        "  laptop: {platform: macosx_12_0_arm64", "  laptop: {platform: macosx_12_0_x86_64"
    )

    problems = check(repository, wider)

    expected = hashlib.sha256(b"another wheel").hexdigest()
    actual = requirements.identity.sha256
    assert "\n".join(problems) == (
        f"{REQUIREMENTS}: expected sha256 {expected}, got {actual}\n"
        f"{REQUIREMENTS}: does not cover cp311-macosx_x86_64, cp312-macosx_x86_64, "
        "cp313-macosx_x86_64, cp314-macosx_x86_64\n  hint: wheelyard tool --lock"
    )


def test_a_wheel_that_is_not_in_the_repository_is_named(repository: Path) -> None:
    (repository / "tools" / FILENAME).unlink()

    with pytest.raises(ManifestError) as caught:
        check(repository)

    assert str(caught.value) == (
        f"packages.yaml:9: tool: tools/{FILENAME} not found\n"
        f"  hint: add tools/{FILENAME} to the repository"
    )


def test_the_text_of_the_file_is_read_back() -> None:
    requirements = ToolRequirements(
        identity=ToolIdentity(tool="wheelyard==1.0", version="1.0", sha256=""),
        covers=("cp311-win_amd64",),
        lacks=("cp312-win_amd64",),
        pins=(Pin(requirement="a==1", marker="python_version == '3.11'", sha256s=("0" * 64,)),),
    )

    text = dump_requirements(requirements)

    assert parse_requirements(text).covers == requirements.covers
    assert parse_requirements(text).lacks == requirements.lacks
    assert parse_requirements(text).identity == requirements.identity
    assert text.endswith(
        f"--only-binary :all:\na==1 ; python_version == '3.11' \\\n    --hash=sha256:{'0' * 64}\n"
    )


# Run ---------------------------------------------------------------------------------------------

HOSTILE = (
    *("matrix.py", "wheelyard.py", "yaml/__init__.py", "packaging/__init__.py", "fast.py"),
    *("venv.py", "ensurepip.py", "pip.py", "subprocess.py", "sitecustomize.py", "logging.py"),
)


def run_commands(commands: list[str], root: Path, variables: dict[str, str]) -> str:
    """Run the lines of a job as its runner does, in one shell; return what the last one prints."""
    base = Path(sys.base_prefix) / "bin"
    environment = {"PATH": f"{base}{os.pathsep}/usr/bin:/bin", "HOME": str(root.parent)}
    script = "\n".join(["set -e", *commands])
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=root,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def read_check_of_github() -> tuple[Any, list[str]]:
    """Return the workflow, and the lines that its first job runs."""
    workflow = semantics.parse(providers.render_committed(read(WHEEL))[github.WORKFLOW])
    return workflow, [s["run"] for s in workflow["jobs"]["check"]["steps"] if "run" in s]


@pytest.fixture
def hostile(repository: Path, index: IndexServer) -> Path:
    """A repository with modules that leave a mark when they are imported."""
    (repository / REQUIREMENTS).write_text(dump_requirements(lock(WHEEL, repository, index)))
    for name in HOSTILE:
        path = repository / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("open(__file__ + '.imported', 'w')\nraise SystemExit('the repository')\n")
    return repository


@pytest.mark.skipif(sys.platform == "win32", reason="runs a POSIX shell")
@pytest.mark.parametrize("runner", ["[self-hosted, own]", "ubuntu-24.04"])
def test_no_module_of_the_repository_is_imported_on_github(
    hostile: Path, index: IndexServer, runner: str
) -> None:
    linux = "".join(
        line
        for line in WHEEL.replace("[self-hosted, own]", runner).splitlines(keepends=True)
        if "desktop" not in line and "laptop" not in line
    )
    workflow = semantics.parse(providers.render_committed(read(linux))[github.WORKFLOW])
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    (first,) = (number for number, step in enumerate(steps) if " generate --check " in step)

    last = run_commands(
        steps[: first + 1], hostile, {**workflow["env"], "PIP_INDEX_URL": index.url}
    )

    assert last.startswith("the tool generate --check ")
    assert list(hostile.rglob("*.imported")) == []
    assert ("pip --python .wheelyard install" in steps[1]) == (runner == "ubuntu-24.04")


@pytest.mark.skipif(sys.platform == "win32", reason="runs a POSIX shell")
def test_no_module_of_the_repository_is_imported_on_gitlab(
    hostile: Path, index: IndexServer
) -> None:
    parent = semantics.parse(providers.render_committed(read(WHEEL))[gitlab.PARENT])
    lines = [*parent[".coordinator"]["before_script"], *parent["check"]["script"]]

    last = run_commands(lines, hostile, {**parent["variables"], "PIP_INDEX_URL": index.url})

    assert last.startswith("the tool generate --check ")
    assert list(hostile.rglob("*.imported")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="runs a POSIX shell")
def test_another_wheel_on_the_index_is_not_installed(hostile: Path, index: IndexServer) -> None:
    workflow = semantics.parse(
        providers.render_committed(read(WHEEL))[".github/workflows/wheels.yml"]
    )
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    for version in ("1.0", "2.0"):
        (index.directory / f"yaml-{version}-py2.py3-none-any.whl").unlink(missing_ok=True)
        index.add(make_wheel(hostile.parent / "evil", "yaml", version, members={"yaml.py": ""}))

    with pytest.raises(AssertionError) as caught:
        run_commands(steps, hostile, {**workflow["env"], "PIP_INDEX_URL": index.url})

    assert "yaml" in str(caught.value)
    assert not (hostile / ".wheelyard/bin/wheelyard").exists()
