"""What a run of a pipeline is, from the variables of both CI services."""

import dataclasses
import json
from typing import Any

import pytest

from matrix.errors import UsageError
from matrix.pipelines.run_facts import RunFacts, read_run_facts

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BASE = "89abcdef0123456789abcdef0123456789abcdef"
REPOSITORY = {"repository": {"default_branch": "main", "full_name": "acme/wheels"}}

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "jane",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_PROTECTED": "true",
    "GITHUB_REPOSITORY": "acme/wheels",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_RUN_ID": "9001",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_SHA": COMMIT,
}
GITLAB = {
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_REF_PROTECTED": "true",
    "CI_COMMIT_SHA": COMMIT,
    "CI_DEFAULT_BRANCH": "main",
    "CI_PIPELINE_ID": "9001",
    "CI_PIPELINE_SOURCE": "push",
    "CI_PIPELINE_URL": "https://gitlab.example/acme/wheels/-/pipelines/9001",
    "CI_PROJECT_PATH": "acme/wheels",
    "GITLAB_CI": "true",
    "GITLAB_USER_LOGIN": "jane",
}
MAIN = RunFacts(
    provider="github",
    repository="acme/wheels",
    run="9001",
    address="https://github.example/acme/wheels/actions/runs/9001",
    attempt=2,
    event="push",
    ref="refs/heads/main",
    branch="main",
    tag="",
    commit=COMMIT,
    merge_request=0,
    base_commit="",
    default_branch="main",
    actor="jane",
    is_fork=False,
    is_protected=True,
)
ON_GITLAB = dataclasses.replace(
    MAIN,
    provider="gitlab",
    address="https://gitlab.example/acme/wheels/-/pipelines/9001",
    attempt=1,
)


def pull_request(head: str | None) -> dict[str, Any]:
    repo = None if head is None else {"full_name": head}
    return {**REPOSITORY, "pull_request": {"head": {"repo": repo}, "base": {"sha": BASE}}}


MERGE = {
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_REF_PROTECTED": "false",
}
GITHUB_MERGE = dataclasses.replace(
    MAIN,
    event="pull_request",
    ref="refs/pull/7/merge",
    branch="",
    merge_request=7,
    base_commit=BASE,
    is_protected=False,
)
QUEUE = "gh-readonly-queue/main/pr-7-0123"


@pytest.mark.parametrize(
    ("changes", "payload", "expected"),
    [
        pytest.param({}, REPOSITORY, MAIN, id="push"),
        pytest.param(
            {"GITHUB_REF": "refs/heads/topic/a", "GITHUB_REF_PROTECTED": "false"},
            REPOSITORY,
            dataclasses.replace(
                MAIN, ref="refs/heads/topic/a", branch="topic/a", is_protected=False
            ),
            id="push of another branch",
        ),
        pytest.param(
            {"GITHUB_REF": "refs/tags/bundle-1"},
            REPOSITORY,
            dataclasses.replace(MAIN, ref="refs/tags/bundle-1", branch="", tag="bundle-1"),
            id="tag",
        ),
        pytest.param(MERGE, pull_request("acme/wheels"), GITHUB_MERGE, id="pull request"),
        pytest.param(MERGE, pull_request("Acme/Wheels"), GITHUB_MERGE, id="names in other letters"),
        pytest.param(
            MERGE,
            pull_request("mallory/wheels"),
            dataclasses.replace(GITHUB_MERGE, is_fork=True),
            id="fork",
        ),
        pytest.param(
            MERGE, pull_request(None), dataclasses.replace(GITHUB_MERGE, is_fork=True), id="deleted"
        ),
        pytest.param(
            {"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": f"refs/heads/{QUEUE}"},
            REPOSITORY,
            dataclasses.replace(MAIN, event="merge_group", ref=f"refs/heads/{QUEUE}", branch=QUEUE),
            id="merge queue",
        ),
        pytest.param(
            {"GITHUB_EVENT_NAME": "schedule", "GITHUB_RUN_ATTEMPT": ""},
            {},
            dataclasses.replace(MAIN, event="schedule", attempt=1, default_branch=""),
            id="schedule",
        ),
        pytest.param(
            {"GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_REF": "refs/tags/bundle-1"},
            REPOSITORY,
            dataclasses.replace(
                MAIN,
                event="workflow_dispatch",
                ref="refs/tags/bundle-1",
                branch="",
                tag="bundle-1",
            ),
            id="dispatch at a tag",
        ),
    ],
)
def test_a_run_of_github_is_read_from_its_variables_and_its_event(
    changes: dict[str, str], payload: dict[str, Any], expected: RunFacts
) -> None:
    environment = {**GITHUB, **changes}

    assert read_run_facts(environment, payload=json.dumps(payload)) == expected


REQUEST = {
    "CI_COMMIT_BRANCH": "",
    "CI_COMMIT_REF_NAME": "topic",
    "CI_COMMIT_REF_PROTECTED": "false",
    "CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE,
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_PROJECT_PATH": "acme/wheels",
    "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/merge",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "acme/wheels",
    "CI_PIPELINE_SOURCE": "merge_request_event",
}
GITLAB_MERGE = dataclasses.replace(
    ON_GITLAB,
    event="merge_request_event",
    ref="refs/merge-requests/7/merge",
    branch="",
    merge_request=7,
    base_commit=BASE,
    is_protected=False,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ON_GITLAB, id="push"),
        pytest.param(
            {"CI_PIPELINE_SOURCE": "schedule"},
            dataclasses.replace(ON_GITLAB, event="schedule"),
            id="schedule",
        ),
        pytest.param(
            {"CI_PIPELINE_SOURCE": "parent_pipeline", "CI_COMMIT_REF_PROTECTED": ""},
            dataclasses.replace(ON_GITLAB, event="parent_pipeline", is_protected=False),
            id="child",
        ),
        pytest.param(
            {"CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "bundle-1", "CI_COMMIT_REF_NAME": "bundle-1"},
            dataclasses.replace(ON_GITLAB, ref="refs/tags/bundle-1", branch="", tag="bundle-1"),
            id="tag",
        ),
        pytest.param(REQUEST, GITLAB_MERGE, id="merge request"),
        pytest.param(
            {**REQUEST, "CI_MERGE_REQUEST_REF_PATH": ""},
            dataclasses.replace(GITLAB_MERGE, ref="refs/merge-requests/7/head"),
            id="merge request without its ref",
        ),
        pytest.param(
            {**REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "mallory/wheels"},
            dataclasses.replace(GITLAB_MERGE, is_fork=True),
            id="fork",
        ),
        pytest.param(
            {
                **REQUEST,
                "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "mallory/wheels",
                "CI_PROJECT_PATH": "mallory/wheels",
            },
            dataclasses.replace(GITLAB_MERGE, repository="mallory/wheels", is_fork=True),
            id="pipeline in the fork",
        ),
    ],
)
def test_a_run_of_gitlab_is_read_from_its_variables(
    changes: dict[str, str], expected: RunFacts
) -> None:
    assert read_run_facts({**GITLAB, **changes}) == expected


def test_outside_a_ci_service_there_is_no_run() -> None:
    assert read_run_facts({"GITHUB_SHA": "x", "CI_COMMIT_SHA": "y"}) is None


@pytest.mark.parametrize(
    ("environment", "changes", "message"),
    [
        (
            GITHUB,
            {"GITHUB_SHA": "main"},
            "GITHUB_SHA: expected 40 or 64 hexadecimal digits, got 'main'",
        ),
        (GITHUB, {"GITHUB_RUN_ID": ""}, "GITHUB_RUN_ID: expected a number from 1, got nothing"),
        (GITHUB, {"GITHUB_RUN_ID": "0x1"}, "GITHUB_RUN_ID: expected a number from 1, got '0x1'"),
        (
            GITHUB,
            {"GITHUB_RUN_ATTEMPT": "-1"},
            "GITHUB_RUN_ATTEMPT: expected a number from 1, got '-1'",
        ),
        (
            GITHUB,
            {"GITHUB_REPOSITORY": "acme"},
            "GITHUB_REPOSITORY: expected OWNER/NAME, got 'acme'",
        ),
        (GITHUB, {"GITHUB_REF": "a b"}, "GITHUB_REF: expected a branch or tag, got 'a b'"),
        (
            GITHUB,
            {"GITHUB_SERVER_URL": "ftp://x"},
            "GITHUB_SERVER_URL: expected an address with https:// or http://, got 'ftp://x'",
        ),
        (GITHUB, {"GITHUB_EVENT_NAME": "Push!"}, "GITHUB_EVENT_NAME: expected a word, got 'Push!'"),
        (
            GITHUB,
            {"GITHUB_REF_PROTECTED": "yes"},
            "GITHUB_REF_PROTECTED: expected true or false, got 'yes'",
        ),
        (
            GITLAB,
            {"CI_COMMIT_SHA": ""},
            "CI_COMMIT_SHA: expected 40 or 64 hexadecimal digits, got nothing",
        ),
        (GITLAB, {"CI_PIPELINE_ID": "x"}, "CI_PIPELINE_ID: expected a number from 1, got 'x'"),
        (
            GITLAB,
            {"CI_MERGE_REQUEST_IID": "!7"},
            "CI_MERGE_REQUEST_IID: expected a number from 1, got '!7'",
        ),
        (GITLAB, {"CI_COMMIT_TAG": "a\nb"}, "CI_COMMIT_TAG: expected a branch or tag, got 'a\\nb'"),
    ],
)
def test_a_variable_of_another_form_is_an_error_that_names_it(
    environment: dict[str, str], changes: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError) as error:
        read_run_facts({**environment, **changes})

    assert str(error.value) == message


def test_every_malformed_variable_is_named_in_one_error() -> None:
    environment = {**GITHUB, "GITHUB_SHA": "x", "GITHUB_RUN_ID": "y"}

    with pytest.raises(UsageError) as error:
        read_run_facts(environment)

    assert [problem.place for problem in error.value.problems] == ["GITHUB_RUN_ID", "GITHUB_SHA"]


@pytest.mark.parametrize("payload", ["[]", "3", '{"repository": [], "pull_request": "x"}'])
def test_an_event_of_another_shape_says_nothing(payload: str) -> None:
    facts = read_run_facts(GITHUB, payload=payload)

    assert facts is not None
    assert (facts.default_branch, facts.is_fork) == ("", False)


def test_an_event_that_is_no_json_is_an_error() -> None:
    with pytest.raises(UsageError, match="GITHUB_EVENT_PATH: expected the JSON of an event"):
        read_run_facts(GITHUB, payload="{")


def test_the_base_of_an_event_must_be_a_commit() -> None:
    payload = pull_request("acme/wheels")
    payload["pull_request"]["base"]["sha"] = "; rm"

    with pytest.raises(UsageError) as error:
        read_run_facts({**GITHUB, **MERGE}, payload=json.dumps(payload))

    assert str(error.value) == (
        "pull_request.base.sha of GITHUB_EVENT_PATH: "
        "expected 40 or 64 hexadecimal digits, got '; rm'"
    )


def test_a_run_of_the_default_branch_says_so() -> None:
    assert MAIN.is_default_branch
    assert not dataclasses.replace(MAIN, default_branch="").is_default_branch
    assert not GITHUB_MERGE.is_default_branch
    assert [MAIN.name, GITHUB_MERGE.name] == ["main", "merge request 7"]
