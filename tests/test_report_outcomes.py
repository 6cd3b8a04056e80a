"""How builds ended, from what their jobs have kept, and the same as JUnit."""

import dataclasses
from pathlib import Path
from xml.etree import ElementTree

import pytest

from matrix.builds.causes import Cause
from matrix.builds.failure import Failure, write_note
from matrix.errors import MatrixError
from matrix.plan.model import State
from matrix.report.junit import render_junit
from matrix.report.outcomes import Outcome, read_outcomes

from .test_report import P39, cell, planned

JOB = "manylinux-x86-64-cibw4.0"
PLAN = planned(*(cell(name, "2.0", P39, State.BUILD) for name in ("bad", "good", "gone")))
WHEEL = "-2.0-cp39-cp39-manylinux_2_28_x86_64.whl"
FAILURE = Failure(
    cause=Cause.COMPILER, what="missing header: <x.h>", lines=("x.c:1: \x1b[31merror",), hint="do"
)


def keep(directory: Path, place: str) -> None:
    (directory / place).parent.mkdir(parents=True, exist_ok=True)
    (directory / place).touch()


def fail(directory: Path, place: str) -> None:
    write_note(directory / place, FAILURE)


def results(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    return {outcome.project: outcome.result for outcome in outcomes}


@pytest.mark.parametrize(
    ("wheels", "logs"),
    [
        (f"wheels-{JOB}.1", f"logs-{JOB}.1"),
        (f"wheels-{JOB}.1/wheels-{JOB}.1", f"logs-{JOB}.1/logs"),
        (f"wheels/{JOB}", "logs"),
        (f"{JOB}/class", "logs"),
    ],
    ids=["artifacts", "artifacts of the older service", "directories", "inner directories"],
)
def test_each_build_is_built_or_failed_or_neither(tmp_path: Path, wheels: str, logs: str) -> None:
    keep(tmp_path, f"{wheels}/good{WHEEL}")
    fail(tmp_path, f"{logs}/{JOB}.bad-2.0.log")

    outcomes = read_outcomes(PLAN, tmp_path)

    assert results(outcomes) == {"bad": "failed", "good": "built", "gone": "not built"}
    bad, gone, _ = outcomes
    file = f"{JOB}.bad-2.0.log"
    artifact = f" in the artifact logs-{JOB}.1" if logs.startswith("logs-") else ""
    assert (bad.what, bad.hint, bad.log) == ("missing header: <x.h>", "do", f"{file}{artifact}")
    assert gone.what == "its job ended before it, or never started"


@pytest.mark.parametrize(("wheel", "log", "result"), [(1, 2, "failed"), (2, 1, "built")])
def test_the_newest_attempt_counts(tmp_path: Path, wheel: int, log: int, result: str) -> None:
    keep(tmp_path, f"wheels-{JOB}.{wheel}/good{WHEEL}")
    fail(tmp_path, f"logs-{JOB}.{log}/{JOB}.good-2.0.log")

    assert results(read_outcomes(PLAN, tmp_path))["good"] == result


def test_a_wheel_of_another_job_or_of_a_build_that_then_failed_is_none(tmp_path: Path) -> None:
    keep(tmp_path, f"wheels-other.1/gone{WHEEL}")
    keep(tmp_path, f"wheels-{JOB}.1/bad{WHEEL}")
    keep(tmp_path, f"wheels-{JOB}.1/no-wheel.whl")
    fail(tmp_path, f"logs-{JOB}.1/{JOB}.bad-2.0.log")

    assert results(read_outcomes(PLAN, tmp_path)) == {
        "bad": "failed",
        "good": "not built",
        "gone": "not built",
    }


def test_hidden_directories_are_not_searched(tmp_path: Path) -> None:
    keep(tmp_path, f".wheelyard/{JOB}/good{WHEEL}")

    assert results(read_outcomes(PLAN, tmp_path))["good"] == "not built"


def test_a_failure_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    keep(tmp_path, f"logs-{JOB}.1/{JOB}.bad-2.0.log.json")

    with pytest.raises(MatrixError, match=r"bad-2\.0\.log\.json:1: "):
        read_outcomes(PLAN, tmp_path)


def test_junit_has_a_suite_a_job_and_a_case_a_build(tmp_path: Path) -> None:
    keep(tmp_path, f"wheels-{JOB}.1/good{WHEEL}")
    fail(tmp_path, f"logs-{JOB}.1/{JOB}.bad-2.0.log")

    text = render_junit(read_outcomes(PLAN, tmp_path))

    (suite,) = ElementTree.fromstring(text)  # noqa: S314 - our own
    assert suite.attrib == {"name": JOB, "tests": "3", "failures": "1", "errors": "1"}
    assert [case.attrib["name"] for case in suite] == ["bad 2.0", "gone 2.0", "good 2.0"]
    failure, error = suite[0][0], suite[1][0]
    assert (failure.tag, failure.attrib) == ("failure", {"message": "missing header: <x.h>"})
    assert failure.text == (
        "missing header: <x.h>\n  x.c:1: �[31merror\nhint: do\n"
        f"log: {JOB}.bad-2.0.log in the artifact logs-{JOB}.1\ntargets: {P39}"
    )
    assert error.tag == "error"
    assert len(suite[2]) == 0


def test_junit_holds_any_text() -> None:
    outcome = Outcome(
        job='j"<', project="a", version="1", targets=(), result="failed", what="\x00]]>\ud800&"
    )

    (suite,) = ElementTree.fromstring(render_junit([outcome]))  # noqa: S314 - our own
    assert suite[0][0].attrib["message"] == "�]]>�&"
    assert render_junit([dataclasses.replace(outcome, result="built")]).count("failure>") == 0
