"""A toolchain carries the tool: jobs of closed runners install it from there, by hash."""

import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix import cli
from matrix.errors import DigestMismatch, Drift, NotEquipped
from matrix.manifest.reading import read
from matrix.pipelines import gitlab, providers
from matrix.toolchain import directory

from .golden import semantics
from .index_server import IndexServer
from .toolchains import FileServer
from .tools import FILENAME, make_tool, publish_requirements
from .wheels import make_wheel

# Builds for Linux need few tools, so that this test is about the tool.
TEXT = """\
bundle: small
targets: {prod: {platform: manylinux_2_28_x86_64, python: [3.12.4]}}
runners: [{match: "*", github: [self-hosted, own], gitlab: [own]}]
packages: [six]
"""
Run = Callable[..., int]


@pytest.fixture
def repository(index: IndexServer, tmp_path: Path) -> Path:
    """A repository with the tool's wheel; the index has its requirements and a lane's."""
    root = tmp_path / "repository"
    (root / "tools").mkdir(parents=True)
    make_tool(root / "tools")
    publish_requirements(index, tmp_path / "wheels")
    members = {
        "cibuildwheel/__init__.py": "",
        "cibuildwheel/resources/constraints.txt": "",
        "cibuildwheel/resources/build-platforms.toml": (
            "[windows]\npython_configurations = []\n[macos]\npython_configurations = []\n"
        ),
    }
    index.add(make_wheel(tmp_path / "wheels", "cibuildwheel", "4.3.3", members=members))
    index.add(make_wheel(tmp_path / "wheels", "virtualenv", "21.0.0"))
    write_manifest(root, f"network: {{index: '{index.url}'}}\n")
    return root


def write_manifest(root: Path, network: str) -> str:
    text = f"{TEXT}{network}tool: tools/{FILENAME}\n"
    (root / "packages.yaml").write_text(text, encoding="utf-8")
    return text


@pytest.fixture
def run(repository: Path) -> Run:
    def run(*arguments: str) -> int:
        manifest, cache = repository / "packages.yaml", repository.parent / "cache"
        common = ("--manifest", str(manifest), "--cache", str(cache), "--quiet")
        return cli.main([*arguments, *common])

    return run


def test_a_toolchain_has_every_wheel_of_the_tool(run: Run, repository: Path) -> None:
    assert run("tool", "--lock") == 0
    assert run("toolchain", "--out", str(repository / "toolchain")) == 0
    assert run("toolchain", "--check", str(repository / "toolchain")) == 0

    names = sorted(path.name for path in (repository / "toolchain" / "tool").iterdir())
    fast = [
        f"fast-1.0-cp{python}-cp{python}-manylinux_2_{glibc}_x86_64.whl"
        for python in (311, 312, 313, 314)
        for glibc in (17, 34)
    ]
    assert names == [
        *fast,
        *("index.html", FILENAME, "yaml-1.0-py2.py3-none-any.whl", "yaml-2.0-py2.py3-none-any.whl"),
    ]  # fmt: skip
    record = directory.read_record(repository / "toolchain")
    assert {c.path for c in record.contents} >= {f"tool/{name}" for name in names}


def test_a_second_run_fetches_no_wheel(run: Run, repository: Path, index: IndexServer) -> None:
    run("tool", "--lock")
    run("toolchain", "--out", str(repository / "toolchain"))
    record = (repository / "toolchain" / "toolchain.json").read_bytes()
    index.requests.clear()

    assert run("toolchain", "--out", str(repository / "toolchain")) == 0

    assert [path for path in index.requests if path.endswith("none-any.whl")] == []
    assert (repository / "toolchain" / "toolchain.json").read_bytes() == record


def test_a_tool_without_requirements_is_an_error(
    run: Run, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("toolchain", "--out", str(repository / "toolchain")) == Drift.exit_code

    assert capsys.readouterr().err == (
        "tool-requirements.txt: not found\n  hint: wheelyard tool --lock\n"
    )


def test_a_toolchain_with_another_tool_is_reported(
    run: Run, repository: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    toolchain = repository / "toolchain"
    run("tool", "--lock")
    run("toolchain", "--out", str(toolchain))
    index.add(make_wheel(repository.parent / "wheels", "yaml", "3.0"))
    run("tool", "--lock")
    capsys.readouterr()

    status = run("toolchain", "--check", str(toolchain))
    error = capsys.readouterr().err
    run("runner", "check", "--toolchain", str(toolchain))

    assert status == NotEquipped.exit_code
    what = "has the wheels of another tool-requirements.txt"
    assert error == (
        f"{toolchain}: {what}\n"
        "  hint: run wheelyard toolchain --out DIR where the index can be reached\n"
    )
    assert capsys.readouterr().out.splitlines()[0] == f"lacks  toolchain: {what}"


def test_a_damaged_wheel_of_the_tool_is_reported(run: Run, repository: Path) -> None:
    run("tool", "--lock")
    run("toolchain", "--out", str(repository / "toolchain"))
    (repository / "toolchain" / "tool" / "yaml-1.0-py2.py3-none-any.whl").write_bytes(b"")

    status = run("toolchain", "--check", str(repository / "toolchain"))

    assert status == DigestMismatch.exit_code


@pytest.mark.skipif(sys.platform == "win32", reason="runs a POSIX shell")
@pytest.mark.parametrize("is_address", [False, True], ids=["directory", "address"])
def test_a_job_installs_the_tool_from_the_toolchain_alone(
    is_address: bool, run: Run, repository: Path
) -> None:
    run("tool", "--lock")
    run("toolchain", "--out", str(repository / "toolchain"))

    with FileServer.running(repository / "toolchain") as server:
        place = server.address if is_address else "toolchain"
        manifest = read(write_manifest(repository, f"network: {{toolchain: '{place}'}}\n"))
        parent = semantics.parse(providers.render_committed(manifest)[gitlab.PARENT])
        venv.create(repository / ".wheelyard", with_pip=True)
        lines = [*parent[".coordinator"]["before_script"][1:], *parent["check"]["script"]]
        done = subprocess.run(
            ["/bin/bash", "-ec", "\n".join(lines)],
            cwd=repository,
            # No index answers there.
            env={"PATH": "/usr/bin:/bin", "PIP_INDEX_URL": "http://127.0.0.1:9/simple/"}
            | parent["variables"],
            check=False,
            capture_output=True,
            text=True,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("the tool generate --check ")
