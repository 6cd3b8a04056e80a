"""
The one check to require: red whenever something that was meant to run did not succeed.

GitHub counts a skipped required check as success, and a job whose need failed is skipped, so this
job must run and judge. act evaluates the generated condition and runs the generated steps; the
jobs before it are stubs that end as each case says.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ..github_api import FORK, REPOSITORY, WORKFLOW
from ..golden import cases, semantics
from .acting import Act, Event, Run
from .gitlab import commit
from .stubs import stub_workflow

CLASS = "manylinux-x86-64-cibw4"
BUILD = f"build-{CLASS}"
PLAN = {CLASS: '[{"job":"a","name":"a"}]', "empty": "false", "bundle": "true", "reason": ""}
NOTHING = {**PLAN, CLASS: "[]", "empty": "true"}
ONLY_PLANNED = {**NOTHING, "bundle": "false", "reason": "merge requests are planned, not built"}
TAG = "refs/tags/bundle-1"


@pytest.fixture
def act(tmp_path: Path, environment: Mapping[str, str]) -> Act:
    (tmp_path / "repository").mkdir()
    return Act.found(
        environment,
        repository=tmp_path / "repository",
        directory=tmp_path / "act",
        python=tmp_path,
    )


def play(
    act: Act,
    environment: Mapping[str, str],
    results: Mapping[str, str],
    *,
    plan: Mapping[str, str] = PLAN,
    event: Event,
    case: str = "one-linux",
) -> Run:
    text = cases.read_golden(case)[WORKFLOW]
    workflow = act.repository / WORKFLOW
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        stub_workflow(text, results, {"plan": plan}, whole={"wheels"}), encoding="utf-8"
    )
    commit(act.repository, environment=environment)
    return act.run(event, timeout=60)


def push(ref: str = "refs/heads/main") -> Event:
    return Event(name="push", ref=ref, sha="HEAD")


def request(head: str = REPOSITORY) -> Event:
    payload = {"pull_request": {"number": 1, "head": {"repo": {"full_name": head}}}}
    return Event(name="pull_request", ref="refs/pull/1/merge", sha="HEAD", payload=payload)


GREEN = {
    "all succeeded": ({}, PLAN, push()),
    "nothing to build": ({BUILD: "skipped"}, NOTHING, push()),
    "a request that is planned only": (
        {BUILD: "skipped", "bundle": "skipped"},
        ONLY_PLANNED,
        request(),
    ),
    "a release": ({}, PLAN, push(TAG)),
    "a fork's request, all succeeded": ({}, PLAN, request(FORK)),
}
RED = {
    "the check failed": ({"check": "failure", "plan": "skipped"}, NOTHING, push(), "check"),
    "the plan failed": ({"plan": "failure", "bundle": "skipped"}, {}, push(), "plan"),
    "the plan was skipped": ({"plan": "skipped", "bundle": "skipped"}, {}, push(), "plan"),
    "a build failed": ({BUILD: "failure"}, PLAN, push(), BUILD),
    "a build was skipped": ({BUILD: "skipped"}, PLAN, push(), BUILD),
    "a bundle failed": ({"bundle": "failure"}, PLAN, push(), "bundle"),
    "a bundle was skipped": ({"bundle": "skipped"}, PLAN, push(), "bundle"),
    "a bundle of nothing built was skipped": (
        {BUILD: "skipped", "bundle": "skipped"},
        NOTHING,
        push(),
        "bundle",
    ),
    "a release was not published": ({"publish": "failure"}, PLAN, push(TAG), "publish"),
    "a release was skipped": ({"publish": "skipped"}, PLAN, push(TAG), "publish"),
    "the check of a fork's request failed": (
        {"check": "failure", "plan": "skipped"},
        NOTHING,
        request(FORK),
        "check",
    ),
    "a build of a fork's request was skipped": ({BUILD: "skipped"}, PLAN, request(FORK), BUILD),
}


@pytest.mark.parametrize("case", GREEN)
def test_it_is_green_when_all_that_was_meant_to_run_succeeded(
    case: str, act: Act, environment: Mapping[str, str]
) -> None:
    results, plan, event = GREEN[case]

    run = play(act, environment, results, plan=plan, event=event)

    assert run.result("wheels") == "success", run.log


@pytest.mark.parametrize("case", RED)
def test_it_is_red_and_names_what_did_not_succeed(
    case: str, act: Act, environment: Mapping[str, str]
) -> None:
    results, plan, event, culprit = RED[case]

    run = play(act, environment, results, plan=plan, event=event)

    assert run.result("wheels") == "failure", run.log
    (failed,) = [
        step.outputs["failed"]
        for step in run.jobs["wheels"][0].steps.values()
        if "failed" in step.outputs
    ]
    assert failed.split()[0] == culprit


def test_it_is_green_for_a_fork_of_which_nothing_runs_on_own_runners(
    act: Act, environment: Mapping[str, str]
) -> None:
    skipped = dict.fromkeys(("check", "plan", "bundle"), "skipped")
    text = cases.read_golden("enterprise-server")[WORKFLOW]
    builds = [name for name in semantics.parse(text)["jobs"] if name.startswith("build-")]

    run = play(
        act,
        environment,
        {**skipped, **dict.fromkeys(builds, "skipped")},
        plan={},
        event=request(FORK),
        case="enterprise-server",
    )

    assert run.result("wheels") in {"success", "skipped"}, run.log
