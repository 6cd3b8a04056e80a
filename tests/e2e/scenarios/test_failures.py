"""What goes wrong outside of a build, and what is kept when a build goes wrong."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..flaky_podman import FlakyPodman
from ..github_repository import Repository
from ..images import BUILDER, PLATFORM
from ..podman import Podman
from ..scenario_table import Record

IMAGE = "registry.example/wheelyard/builder:scenario"


@pytest.fixture
def pulling(repository: Repository, podman: Podman, tmp_path: Path) -> Iterator[FlakyPodman]:
    """A podman whose pulls are scripted, on the PATH of the repository's jobs."""
    directory = tmp_path / "podman"
    directory.mkdir()
    flaky = FlakyPodman.made(directory, real=podman.program, image=BUILDER)
    path = os.pathsep.join([str(directory), repository.act.environment["PATH"]])
    environment = {**repository.act.environment, "PATH": path}
    repository.act = dataclasses.replace(repository.act, environment=environment)
    runner = {**repository.manifest["runners"][0], "images": {PLATFORM: IMAGE}}
    repository.manifest = {**repository.manifest, "runners": [runner]}
    yield flaky
    podman("untag", IMAGE, IMAGE)  # without a name it takes every name off the image


def test_a_registry_that_is_down_for_a_minute_fails_nothing(
    repository: Repository, pulling: FlakyPodman, record: Record
) -> None:
    repository.write("netifaces")
    pulling.fail("received unexpected HTTP status: 504 Gateway Time-out", "connection reset")

    run = repository.push()
    record("registry of images down for a minute", run)

    assert (run.red, run.built) == ([], 1)
    assert pulling.pulls == [IMAGE] * 3


@pytest.mark.xfail(reason="act gives steps a terminal: the progress bar hides the annotation")
def test_an_image_that_does_not_exist_is_asked_for_once_and_named(
    repository: Repository, pulling: FlakyPodman, record: Record
) -> None:
    repository.write("netifaces")
    pulling.fail(*["reading manifest: manifest unknown"] * 9)

    run = repository.push()
    record("image not there", run)

    (build,) = run.builds
    assert run.red[0] == build
    assert pulling.pulls == [IMAGE]
    (job,) = (job for job in run.all_jobs if job.name == build)
    errors = [note.text for note in job.annotations if note.level == "error"]
    assert len(errors) == 1, errors
    assert IMAGE in errors[0]
    assert IMAGE in job.summary


def test_an_upload_that_fails_once_loses_nothing(repository: Repository, record: Record) -> None:
    repository.write("netifaces")
    (job,) = repository.tool.json("plan")["jobs"]
    (repository.act.artifacts / f"outage-wheels-{job['id']}.1").touch()

    run = repository.push()
    record("artifact upload fails once", run)

    assert (run.red, run.built) == ([], 1)
    assert repository.verify(run)["wheels"] == 1


def test_a_download_that_fails_once_fails_nothing(repository: Repository, record: Record) -> None:
    repository.write("click")
    (repository.act.artifacts / "outage-download").touch()

    run = repository.push()
    record("artifact download fails once", run)

    assert run.red == []
    assert not (repository.act.artifacts / "outage-download").exists()


def test_a_build_that_takes_too_long_is_stopped_and_its_log_kept(
    repository: Repository, record: Record
) -> None:
    slow = {"timeout": 1, "test": {"command": 'python -c "import time; time.sleep(600)"'}}
    repository.write("netifaces", recipes={"netifaces": slow})

    run = repository.push()
    record("time-out", run)

    (build,) = run.builds
    assert run.red[0] == build
    (job,) = (job for job in run.all_jobs if job.name == build)
    logs = run.artifacts.path(f"logs-{job.matrix['job']}.1")
    (log,) = logs.glob("*.log")
    assert "time.sleep(600)" in log.read_text(encoding="utf-8")
