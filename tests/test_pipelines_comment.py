"""When a pull request gets a comment, with which rights, and what the job that writes it runs."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest

from matrix.pipelines import github, providers
from matrix.pipelines.pins import read_actions

from .gh_program import BASH, GhProgram, run_steps
from .golden import cases, semantics

needs_bash = pytest.mark.skipif(not BASH, reason="no bash")
CASES = ("one-linux", "enterprise-server", "windows-first")
HEAD = "event.pull_request.head.repo.full_name"
OURS = {"event_name": "pull_request", "repository": "group/project", HEAD: "group/project"}


@functools.cache
def jobs(case: str = "one-linux") -> Any:  # noqa: ANN401 - YAML
    return semantics.parse(providers.render_committed(cases.manifest(case))[github.WORKFLOW])[
        "jobs"
    ]


def is_commented(event: dict[str, str], *, plan: str = "success", report: str = "success") -> bool:
    outputs = {"plan.report": report}
    return semantics.runs(jobs()["comment"], results={"plan": plan}, outputs=outputs, github=event)


def test_a_pull_request_from_this_repository_is_commented() -> None:
    assert is_commented(OURS)


def test_a_plan_that_failed_is_commented_as_well() -> None:
    assert is_commented(OURS, plan="failure")


def test_a_run_that_was_cancelled_is_not_commented() -> None:
    assert not is_commented(OURS, plan="cancelled")


@pytest.mark.parametrize("head", ["fork/project", "group/project-2", ""])
def test_a_pull_request_from_a_fork_is_not_commented(head: str) -> None:
    assert not is_commented({**OURS, HEAD: head})


@pytest.mark.parametrize("event", ["push", "workflow_dispatch"])
def test_only_pull_requests_are_commented(event: str) -> None:
    assert not is_commented({**OURS, "event_name": event, HEAD: ""})


@pytest.mark.parametrize("report", ["skipped", "failure", "cancelled", ""])
def test_without_a_report_there_is_no_comment(report: str) -> None:
    assert not is_commented(OURS, report=report)


@pytest.mark.parametrize("case", CASES)
def test_the_plan_job_has_the_outcome_of_keeping_the_report(case: str) -> None:
    plan = jobs(case)["plan"]

    assert plan["outputs"]["report"] == "${{ steps.report.outcome }}"
    (step,) = [step for step in plan["steps"] if step.get("id") == "report"]
    assert step["with"]["name"] == "report"
    assert "hashFiles('report/report.md') != ''" in step["if"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["comment", "comment-result"])
def test_a_comment_checks_nothing_out_and_installs_nothing(case: str, name: str) -> None:
    job = jobs(case)[name]

    pinned = read_actions(cases.manifest(case).github.dialect)["download-artifact"]
    used = {step["uses"] for step in job["steps"] if "uses" in step}
    assert used == {f"{pinned.name}@{pinned.sha}"}
    programs = {
        word
        for step in job["steps"]
        for word in re.findall(r"(?:^|&& |; |then |else |\{ )(\w+)", step.get("run", ""))
    }
    assert programs - {"if", "then", "else", "fi"} <= {"rm", "printf", "cat", "gh", "echo"}
    assert job["permissions"] == {"pull-requests": "write"}
    assert job["timeout-minutes"] == "5"


def test_a_comment_comes_before_the_builds_and_one_after_them() -> None:
    whole = jobs()

    assert whole["comment"]["needs"] == ["plan"]
    assert whole["comment-result"]["needs"] == ["wheels"]


@pytest.mark.parametrize("case", CASES)
def test_a_refused_comment_does_not_fail_the_run(case: str) -> None:
    whole = jobs(case)

    failing = [name for name, job in whole.items() if job.get("continue-on-error") == "true"]
    assert failing == ["comment", "comment-result"]
    assert [name for name, job in whole.items() if set(failing) & set(job.get("needs", []))] == []


@pytest.mark.parametrize("case", CASES)
def test_values_reach_a_comment_through_its_environment(case: str) -> None:
    (step,) = [step for step in jobs(case)["comment"]["steps"] if step["name"] == "Comment"]

    token = "GH_ENTERPRISE_TOKEN" if case == "enterprise-server" else "GH_TOKEN"
    assert step["env"] == {
        token: "${{ github.token }}",
        "GH_REPO": "${{ github.repository }}",
        "NUMBER": "${{ github.event.pull_request.number }}",
    }


def test_gh_is_told_the_name_of_an_enterprise_server() -> None:
    lines = [step["run"] for step in jobs("enterprise-server")["comment"]["steps"] if "run" in step]

    assert 'echo "GH_HOST=${GITHUB_SERVER_URL#https://}" >> "$GITHUB_ENV"' in lines


# what the lines do


@pytest.fixture
def gh(tmp_path: Path) -> GhProgram:
    return GhProgram(tmp_path / "gh")


def comment(gh: GhProgram, directory: Path, *, name: str, verdict: str, report: str = "") -> str:
    """Play a job; the report comes from the action that downloads it."""
    directory.mkdir(exist_ok=True)
    (directory / "report").mkdir(exist_ok=True)
    (directory / "report" / "summary.md").unlink(missing_ok=True)
    if report:
        (directory / "report" / "summary.md").write_text(report, encoding="utf-8")
    variables = {
        "SHA": "0" * 40,
        "GH_REPO": "acme/wheels",
        "GH_TOKEN": "token",
        "NUMBER": "7",
        "RUN": "https://github.example/acme/wheels/actions/runs/1",
        "VERDICT": verdict,
    }
    return run_steps(
        jobs()[name],
        gh=gh,
        directory=directory,
        variables=variables,
        skipped=("Remove what a job before has left on the runner",),
    )


@needs_bash
def test_the_first_comment_is_written_and_the_next_run_replaces_it(
    gh: GhProgram, tmp_path: Path
) -> None:
    work = tmp_path / "work"

    assert comment(gh, work, name="comment", verdict="", report="# What it brings\n") == ""
    assert comment(gh, work, name="comment-result", verdict="Succeeded", report="# Then\n") == ""

    assert gh.state["comments"] == [
        {
            "id": 100,
            "bot": True,
            "body": "<!-- wheelyard wheels -->\nSucceeded: "
            "[this run](https://github.example/acme/wheels/actions/runs/1).\n\n# Then\n",
        }
    ]


@needs_bash
def test_comments_of_others_are_left_alone(gh: GhProgram, tmp_path: Path) -> None:
    theirs = [
        {"id": 1, "bot": True, "body": "coverage"},
        {"id": 2, "bot": False, "body": "<!-- wheelyard wheels --> quoted by a person"},
        {"id": 3, "bot": True, "body": "<!-- wheelyard lab -->\nanother pipeline"},
    ]
    gh.change(comments=theirs)

    assert comment(gh, tmp_path / "work", name="comment", verdict="", report="new") == ""

    assert gh.state["comments"][:3] == theirs
    assert gh.state["comments"][3]["body"].startswith("<!-- wheelyard wheels -->\n")


@needs_bash
def test_a_run_that_ends_red_before_its_plan_replaces_the_comment(
    gh: GhProgram, tmp_path: Path
) -> None:
    old = {"id": 100, "bot": True, "body": "<!-- wheelyard wheels -->\nof an earlier push"}
    gh.change(comments=[old])

    assert (
        comment(gh, tmp_path / "work", name="comment-result", verdict="**Failed** (check plan)")
        == ""
    )

    (body,) = [c["body"] for c in gh.state["comments"]]
    assert body == (
        "<!-- wheelyard wheels -->\n**Failed** (check plan): "
        "[this run](https://github.example/acme/wheels/actions/runs/1).\n\n"
    )
