"""A job that is cancelled: GitHub signals the step's entry process alone, and kills after 10 s."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ...github_api import WORKFLOW
from ...golden import semantics
from ..github_repository import Repository
from ..podman import Podman

# Other tests' containers may be there: this number is ours.
MARK = f"time.sleep(300.{os.getpid()})"
SLOW = {"test": {"command": f'python -c "import time; {MARK}"'}}
SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")


@pytest.fixture
def build(repository: Repository, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The step that builds, as the workflow has it, started as GitHub starts it."""
    repository.write("netifaces", recipes={"netifaces": SLOW})
    directory = repository.directory
    assert repository.tool("plan", "--out", "plan").succeeded
    plan = json.loads((directory / "plan" / "plan.json").read_text(encoding="utf-8"))
    jobs = semantics.parse((directory / WORKFLOW).read_text(encoding="utf-8"))["jobs"]
    (job,) = (job for name, job in jobs.items() if name.startswith("build-"))
    steps = [step for step in job["steps"] if "run" in step]
    position = next(number for number, step in enumerate(steps) if step["name"] == "Build")
    environment = {
        **repository.act.environment,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "JOB": plan["jobs"][0]["id"],
        "ATTEMPT": "1",
        "PLAN": digest(repository),
    }
    for step in steps[:position]:
        subprocess.run([*SHELL, "-c", step["run"]], cwd=directory, env=environment, check=True)
    script = tmp_path / "build.sh"
    script.write_text(steps[position]["run"], encoding="utf-8")
    process = subprocess.Popen([*SHELL, str(script)], cwd=directory, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def digest(repository: Repository) -> str:
    outputs = repository.directory / "outputs"
    finished = repository.tool(
        *("plan", "--out", "plan", "--provider", "github", "--outputs", str(outputs))
    )
    assert finished.succeeded, finished.output
    lines = dict(line.split("=", 1) for line in outputs.read_text(encoding="utf-8").splitlines())
    return lines["digest"]


def test_a_cancelled_build_leaves_its_log_and_no_container(
    build: subprocess.Popen[bytes], repository: Repository, podman: Podman
) -> None:
    name = wait_for_test(podman)

    os.kill(build.pid, signal.SIGINT)
    if not ended(build, 7.5):
        os.kill(build.pid, signal.SIGTERM)
    if not ended(build, 2.5):
        build.kill()

    assert name not in containers(podman)
    logs = [path.name for path in (repository.directory / "logs").rglob("*.log")]
    assert len(logs) == 1
    assert MARK in next((repository.directory / "logs").rglob("*.log")).read_text()


def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def containers(podman: Podman) -> set[str]:
    """Those of cibuildwheel, in whatever state."""
    listed: list[Mapping[str, Any]] = json.loads(podman("ps", "--all", "--format=json").output)
    return {name for row in listed for name in row["Names"] if name.startswith("cibuildwheel")}


def wait_for_test(podman: Podman) -> str:
    """Wait until the build has come to its test; the name of its container."""
    end = time.monotonic() + 240
    while time.monotonic() < end:
        for name in containers(podman):
            if MARK in podman("top", name, "args").output:
                return name
        time.sleep(1)
    raise AssertionError("the build never came to its test")
