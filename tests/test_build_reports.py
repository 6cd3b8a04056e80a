"""What is said of jobs that failed: how many, and where their logs are."""

import argparse
from pathlib import Path

import pytest

from matrix.cli import building
from matrix.cli.arguments import Common
from matrix.cli.printing import Printer
from matrix.cli.session import Session
from matrix.errors import BuildFailed, Problem
from matrix.plan.model import Job

from .checkouts import enter_github, enter_gitlab


def fail(job: Job) -> tuple[Path, ...]:
    raise BuildFailed(
        Problem(
            place=f"{job.id}: native 2.0",
            what="missing header: x.h",
            hint="recipes: {native: {}}",
            lines=("x.c:1: fatal error", f"read logs/{job.id}.native-2.0.log"),
        ),
        Problem(place=job.id, what="timed out", hint=f"read C:\\logs\\{job.id}.native-2.0.log"),
    )


def job(name: str) -> Job:
    return Job(id=name, job_class="c", builds=(), seconds=1)


def problems(jobs: list[Job]) -> tuple[Problem, ...]:
    opened = Session.open(Common(), Printer(), argparse.ArgumentParser)
    with opened as session, pytest.raises(BuildFailed) as error:
        building.build_each(session, jobs, fail)
    return error.value.problems


def test_jobs_that_failed_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    problems([job("a"), job("b")])

    assert "jobs ended: 2/2\njobs ended: 2, 2 failed\n" in capsys.readouterr().err


def test_a_hint_names_a_file_of_this_machine() -> None:
    first, second = problems([job("a")])

    assert first.lines[-1] == "read logs/a.native-2.0.log"
    assert second.hint == "read C:\\logs\\a.native-2.0.log"


def test_a_hint_of_a_pipeline_names_the_artifact(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    enter_github(monkeypatch, tmp_path, "0" * 40, GITHUB_RUN_ATTEMPT="3")
    first, second = problems([job("a")])

    assert first.lines == (
        "x.c:1: fatal error",
        "read a.native-2.0.log in the artifact logs-a.3",
    )
    assert first.hint == "recipes: {native: {}}"
    assert second.hint == "read a.native-2.0.log in the artifact logs-a.3"
    monkeypatch.delenv("GITHUB_ACTIONS")
    enter_gitlab(monkeypatch, "0" * 40)
    assert problems([job("a")])[1].hint == "read a.native-2.0.log in the artifacts of this job"
