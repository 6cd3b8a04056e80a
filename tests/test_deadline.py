"""The time of a job: builds stop before the service stops them, and keep what they have."""

import dataclasses
import math
import threading
import time
from pathlib import Path

import pytest

from matrix.builds.containers import remove_dead_runs
from matrix.builds.engine import Engine
from matrix.builds.failure import note_path
from matrix.cli.deadline import find_deadline
from matrix.edge import files, locks, programs
from matrix.errors import BuildFailed

from . import builds
from .builds import QUIET, prepared, program, run_job, target


@pytest.mark.parametrize(
    ("minutes", "timeout", "deadline"),
    [
        (None, None, math.inf),
        (335, None, 100 + 335 * 60),
        (335, "10800", 100 + 165 * 60),
        (None, "10800", 100 + 165 * 60),
        (100, "36000", 100 + 100 * 60),
        (None, "60", 100),
        (None, "soon", math.inf),
    ],
)
def test_the_earliest_limit_counts(
    minutes: int | None, timeout: str | None, deadline: float
) -> None:
    environment = {} if timeout is None else {"CI_JOB_TIMEOUT": timeout}

    assert find_deadline(minutes, environment, clock=lambda: 100.0) == deadline


def test_a_build_is_stopped_when_the_time_of_its_job_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(tmp_path, "echo compiling; exec sleep 60")
    monkeypatch.setattr("matrix.builds.invocation._LEAST_SECONDS", 0.0)
    soon = dataclasses.replace(builds.workshop(tmp_path), deadline=time.monotonic() + 1.5)
    monkeypatch.setattr(builds, "workshop", lambda _: soon)

    with pytest.raises(BuildFailed) as caught:
        run_job(tmp_path, target())

    assert str(caught.value).startswith(
        "x.00: netifaces 0.11.0: cibuildwheel ended with status 124: it took too long"
    )


def test_a_build_that_has_no_time_left_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(tmp_path, "exit 1")
    late = dataclasses.replace(builds.workshop(tmp_path), deadline=time.monotonic())
    monkeypatch.setattr(builds, "workshop", lambda _: late)

    with pytest.raises(BuildFailed) as caught:
        run_job(tmp_path, target())

    log = tmp_path / "logs" / "x.00.netifaces-0.11.0.log"
    assert str(caught.value) == (
        "x.00: netifaces 0.11.0: not started, because the time of this job is over\n"
        f"  read {log}\n"
        "  hint: run the job again, or raise `timeout` of its runner"
    )
    assert note_path(log).exists()


def test_a_log_is_written_while_the_build_runs(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.00.netifaces-0.11.0.log"
    seen = tmp_path / "seen"
    prepared(tmp_path, f"echo first; sleep 0.2; cat {log} > {seen}; exit 1")

    with pytest.raises(BuildFailed):
        run_job(tmp_path, target())

    assert seen.read_text().splitlines()[-1] == "first"


def test_lines_are_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "x.log"

    with files.writing_lines(path) as write_line:
        write_line("one \udcff")

        assert path.read_text("utf-8") == "one \\udcff\n"


def test_a_program_that_ignores_its_end_is_killed_after_an_interrupt(tmp_path: Path) -> None:
    stubborn = program(tmp_path / "stubborn", "trap '' TERM; echo up; sleep 30")
    started = time.monotonic()

    def interrupt(line: str) -> None:
        if line == "up":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        programs.run(
            [str(stubborn)], environment={"PATH": "/usr/bin:/bin"}, timeout=30, say=interrupt
        )

    assert time.monotonic() - started < 5


def test_containers_of_killed_runs_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    work, log = tmp_path / "work", tmp_path / "log"
    work.mkdir()
    body = f'echo "$*" >> {log}; if [ "$1" = ps ]; then echo c1; fi'
    engine = Engine(program=str(program(tmp_path / "podman", body)), environment={"PATH": "/bin"})
    (work / "x.00.dead.lock").touch()

    with locks.hold(work / "x.00.alive.lock"):
        thread = threading.Thread(
            target=remove_dead_runs, args=(engine, work), kwargs={"reporter": QUIET}
        )
        thread.start()
        thread.join()

    assert log.read_text().splitlines() == [
        "ps --all --quiet --filter label=wheelyard.run=x.00.dead",
        "kill c1",
        "rm --force c1",
    ]
