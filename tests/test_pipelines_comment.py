"""When a pull request gets a comment, with which rights, and what the job that writes it runs."""

from typing import Any

import pytest

from matrix.pipelines import github, providers
from matrix.pipelines.pins import read_actions

from .golden import cases, semantics

CASES = ("one-linux", "enterprise-server", "windows-first")
HEAD = "event.pull_request.head.repo.full_name"
OURS = {"event_name": "pull_request", "repository": "group/project", HEAD: "group/project"}


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
def test_the_comment_is_one_download_and_one_line(case: str) -> None:
    job = jobs(case)["comment"]

    download = read_actions(cases.manifest(case).github.dialect)["download-artifact"]
    fetch, comment = job["steps"]
    assert fetch["uses"] == f"{download.name}@{download.sha}"
    assert fetch["with"] == {"name": "report", "path": "report"}
    assert comment["run"].removeprefix('GH_HOST="${GITHUB_SERVER_URL#https://}" ') == (
        'gh pr comment "$NUMBER" --repo "$REPOSITORY" --edit-last --create-if-none'
        " --body-file report/summary.md"
    )
    assert job["permissions"] == {"pull-requests": "write"}
    assert job["needs"] == ["plan"]
    assert job["timeout-minutes"] == "5"


@pytest.mark.parametrize("case", CASES)
def test_a_refused_comment_does_not_fail_the_run(case: str) -> None:
    whole = jobs(case)

    assert whole["comment"]["continue-on-error"] == "true"
    assert [name for name, job in whole.items() if "comment" in job.get("needs", [])] == []
    assert [name for name, job in whole.items() if "continue-on-error" in job] == ["comment"]


@pytest.mark.parametrize(
    ("case", "token"),
    [
        ("one-linux", "GH_TOKEN"),
        ("windows-first", "GH_TOKEN"),
        ("enterprise-server", "GH_ENTERPRISE_TOKEN"),
    ],
)
def test_values_reach_the_comment_s_line_through_its_environment(case: str, token: str) -> None:
    comment = jobs(case)["comment"]["steps"][-1]

    assert comment["env"] == {
        token: "${{ github.token }}",
        "NUMBER": "${{ github.event.pull_request.number }}",
        "REPOSITORY": "${{ github.repository }}",
    }
    assert comment["run"].startswith("GH_HOST=") == (case == "enterprise-server")
