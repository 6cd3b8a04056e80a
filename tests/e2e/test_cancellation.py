"""
What a cancelled job leaves behind: its log, and no container.

GitHub signals the first process of a step alone (SIGINT), sends SIGTERM after 7.5 seconds, and
kills the tree after 2.5 more ("Workflow cancellation reference").
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from matrix.builds.lane_install import find_requirements
from matrix.manifest.reading import read
from matrix.pipelines import agreement, github, providers
from matrix.plan import planfile

from ..golden import semantics
from ..index_server import IndexServer
from ..wheels import make_sdist
from .flow import Tool
from .images import BUILDER, PLATFORM, Images
from .podman import Podman

TOOLS = ("setuptools==80.9.0", "wheel==0.45.1", "virtualenv", "build")
PYPROJECT = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
SETUP = """\
import sys
import time
from setuptools import Extension, setup

if "bdist_wheel" in sys.argv:
    print("IN THE MIDDLE", flush=True)
    time.sleep(120)
setup(name="app", version="1.0", ext_modules=[Extension("_app", ["_app.c"])])
"""
MANIFEST = f"""\
bundle: small
targets: {{prod: {{platform: {PLATFORM}, python: [3.12.1]}}}}
runners:
  - match: "*"
    github: ubuntu-24.04
    engine: podman
    images: {{{PLATFORM}: {BUILDER}}}
packages: [{{requirement: app, source: build}}]
tool: tools/wheelyard-0.1.0-py3-none-any.whl
"""
LABEL = "wheelyard.run"
BASH = "/bin/bash"
SECONDS_TO_CLEAN_UP = 5.0


@pytest.fixture
def job(
    podman: Podman,
    images: Images,
    index: IndexServer,
    tmp_path: Path,
    environment: Mapping[str, str],
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start the step that builds, as the generated workflow has it, like GitHub does."""
    assert images.recipe.digest
    command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:"]
    for wanted in (TOOLS, (f"--requirement={find_requirements('4.3.3')}",)):
        subprocess.run(
            [*command, f"--dest={index.directory}", *wanted], env=dict(environment), check=True
        )
    for path in index.directory.glob("*.whl"):
        index.add(path)
    members = {"pyproject.toml": PYPROJECT, "setup.py": SETUP, "_app.c": ""}
    index.add(make_sdist(index.directory, "app", "1.0", members=members))
    (tmp_path / "packages.yaml").write_text(MANIFEST, encoding="utf-8")
    settings = {
        "PIP_INDEX_URL": index.url,
        "PIP_CONFIG_FILE": "/dev/null",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    kept = {name: text for name, text in podman.environment.items() if not name.startswith("PIP_")}
    tool = Tool(directory=tmp_path, environment={**kept, **settings})
    assert (locked := tool("lock")).succeeded, locked.output
    assert (planned := tool("plan", "--out", "plan")).succeeded, planned.output
    text = (tmp_path / "plan" / "plan.json").read_text("utf-8")
    plan = planfile.parse(text, source="")
    wheelyard = tmp_path / ".wheelyard" / "bin" / "wheelyard"
    wheelyard.parent.mkdir(parents=True)
    wheelyard.write_text(f'#!/bin/sh\nexec {sys.executable} -m matrix "$@"\n')
    wheelyard.chmod(0o755)
    root = Path(__file__).resolve().parent.parent.parent
    step = build_step()
    script = tmp_path / "step.sh"
    script.write_text(step["run"])
    running: list[subprocess.Popen[bytes]] = []
    # Tests that run in the background ignore SIGINT, and so would what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def start() -> subprocess.Popen[bytes]:
        variables = {
            **tool.environment,
            "PYTHONPATH": str(root),
            "JOB": plan.jobs[0].id,
            "PLAN": agreement.digest_text(text),
            "ATTEMPT": "1",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }
        process = subprocess.Popen(
            [BASH, "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=tmp_path,
            env=variables,
            start_new_session=True,
        )
        running.append(process)
        wait_for(lambda: "IN THE MIDDLE" in read_logs(tmp_path), seconds=300)
        return process

    yield start
    signal.signal(signal.SIGINT, before)
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def build_step() -> dict[str, str]:
    jobs = semantics.parse(providers.render_committed(read(MANIFEST))[github.WORKFLOW])["jobs"]
    name = next(name for name in jobs if name.startswith("build-"))
    return next(step for step in jobs[name]["steps"] if step["name"] == "Build")


def read_logs(directory: Path) -> str:
    return "".join(path.read_text("utf-8") for path in (directory / "logs").glob("*.log"))


def wait_for(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def containers(podman: Podman, directory: Path) -> list[str]:
    """The labels of the containers of the runs below ``directory``."""
    shown = podman("ps", "--all", "--format", f'{{{{index .Labels "{LABEL}"}}}}').output.split()
    work = directory / "cache" / "wheelyard" / "build" / "work"
    return sorted(label for label in shown if (work / f"{label}.lock").exists())


def test_a_cancelled_job_keeps_its_log_and_leaves_no_container(
    job: Callable[[], subprocess.Popen[bytes]], podman: Podman, tmp_path: Path
) -> None:
    first = job()
    before = containers(podman, tmp_path)
    # The shell has become the tool: a signal for the one reaches the other.
    first.kill()
    first.wait(10)
    assert before
    assert containers(podman, tmp_path) == before

    for log in (tmp_path / "logs").glob("*.log"):
        log.unlink()
    second = job()
    after = containers(podman, tmp_path)
    assert after
    assert not set(before) & set(after), "what a killed run left is removed by the next one"

    started = time.monotonic()
    second.send_signal(signal.SIGINT)
    try:
        second.wait(7.5)
    except subprocess.TimeoutExpired:
        second.send_signal(signal.SIGTERM)
        time.sleep(2.5)
    seconds = time.monotonic() - started

    assert second.poll() == 130
    assert seconds < SECONDS_TO_CLEAN_UP
    assert "IN THE MIDDLE" in read_logs(tmp_path)
    labels = podman("ps", "--all", "--format", f'{{{{index .Labels "{LABEL}"}}}}').output.split()
    assert not set(after) & set(labels)
