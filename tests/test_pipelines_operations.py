"""The keys of operations in GitHub's workflow: retention, secrets, bots, forks, schedule."""

import functools
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.pipelines import github, github_outputs, providers
from matrix.pipelines.run_facts import RunFacts, read_run_facts
from matrix.plan.model import Build, Job

from .golden import cases, github_rules, semantics
from .golden.operations import ACTION, TEXT, operations

REQUEST = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/wheels",
    "GITHUB_RUN_ID": "1",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_SHA": "a" * 40,
}
LINUX, WINDOWS = "manylinux-x86-64-cibw4", "win-amd64-cibw4"


def facts(*, head: str = "acme/wheels", **variables: str) -> RunFacts:
    payload = {"pull_request": {"head": {"repo": {"full_name": head}}}}
    is_request = not variables
    found = read_run_facts(
        {**REQUEST, **variables}, payload=json.dumps(payload) if is_request else ""
    )
    assert found
    return found


PUSH = facts(GITHUB_REF="refs/heads/main", GITHUB_EVENT_NAME="push")
QUEUE = facts(GITHUB_REF="refs/heads/gh-readonly-queue/main/pr-7", GITHUB_EVENT_NAME="merge_group")


def outputs(manifest: Manifest, run: RunFacts | None) -> dict[str, str]:
    return github.GitHub().render_outputs(manifest, cases.plan(manifest), run)


@functools.cache
def workflow(text: str = TEXT) -> Any:  # noqa: ANN401 - YAML
    committed = providers.render_committed(read(text))[github.WORKFLOW]
    assert semantics.github_problems(committed, outputs(read(text), None)) == []
    assert github_rules.rule_problems(committed) == []
    return semantics.parse(committed)


def test_only_the_named_branch_starts_a_run() -> None:
    assert workflow()["on"]["push"] == {"branches": ["release/1.x"], "tags": ["bundle-[0-9]*"]}
    assert set(workflow()["on"]) == {
        *("push", "pull_request", "merge_group", "workflow_dispatch", "schedule"),
    }


def test_without_a_schedule_nothing_starts_by_itself() -> None:
    whole = workflow(TEXT.replace("schedule: weekly", "schedule: off"))

    assert "schedule" not in whole["on"]
    assert "upgrade" not in whole["jobs"]


def test_an_action_of_the_manifest_is_used_by_every_job() -> None:
    used = {
        step["uses"]
        for job in workflow()["jobs"].values()
        for step in job["steps"]
        if "checkout" in step.get("uses", "")
    }

    assert used == {ACTION.partition(" ")[0]}


def test_artifacts_are_kept_as_the_manifest_says_and_those_of_a_release_for_30_days() -> None:
    days = {
        step["with"]["name"]: step["with"]["retention-days"]
        for job in workflow()["jobs"].values()
        for step in job["steps"]
        if "upload-artifact" in step.get("uses", "")
    }

    wheels = "${{ github.event_name == 'pull_request' && 2 || 90 }}"
    release = "startsWith(github.ref, 'refs/tags/bundle-')"
    assert days == {
        "plan": f"${{{{ {release} && 30 || 3 }}}}",
        "report": "3",
        "upgrade": "3",
        "wheels-${{ matrix.job }}.${{ github.run_attempt }}": wheels,
        "logs-${{ matrix.job }}.${{ github.run_attempt }}": "3",
        "store-index": wheels,
        "bundle": f"${{{{ {release} && 30 || 7 }}}}",
        "signature": "30",
    }


def test_a_secret_reaches_the_jobs_that_it_is_for_and_no_other() -> None:
    holders: dict[str, set[str]] = {}
    for name, job in workflow()["jobs"].items():
        for secret in re.findall(r"secrets\.(\w+)", json.dumps(job)):
            holders.setdefault(secret, set()).add(name)

    assert holders == {"MY_SIGNING_KEY": {"sign"}, "MY_BOT_TOKEN": {"refresh", "upgrade"}}


def test_what_a_bot_pushes_is_the_lock_of_the_plan() -> None:
    refresh = workflow()["jobs"]["refresh"]

    assert "needs.plan.outputs.stale == 'true'" in refresh["if"]
    assert "head.repo.full_name == github.repository" in refresh["if"]
    names = [step["name"] for step in refresh["steps"]]
    compare = "Compare the lock with the digest that the job before has told"
    assert names.index(compare) < names.index("Commit the lock to the branch of the pull request")
    assert refresh["permissions"] == {}
    assert not any("checkout" in step.get("uses", "") for step in refresh["steps"])


def test_without_a_bot_nothing_is_pushed() -> None:
    whole = workflow(TEXT.replace("bot: MY_BOT_TOKEN\n", ""))

    assert "refresh" not in whole["jobs"]
    assert "contents/" not in json.dumps(whole)


# what is left out of a run


@pytest.mark.parametrize("run", [None, PUSH, QUEUE], ids=["local", "push", "queue"])
def test_everything_is_built_outside_of_a_merge_request(run: RunFacts | None) -> None:
    told = outputs(operations(), run)

    assert (told["bundle"], told["empty"], told["reason"]) == ("true", "false", "")


def test_a_merge_request_that_only_plans_says_so() -> None:
    told = outputs(operations(), facts())

    assert (told[LINUX], told[WINDOWS]) == ("[]", "[]")
    assert (told["bundle"], told["empty"]) == ("false", "true")
    assert told["reason"] == "merge requests build nothing: merge-requests: plan"


def test_a_fork_builds_on_hosted_runners_alone() -> None:
    manifest = read(TEXT.replace("merge-requests: plan", "merge-requests: build"))

    own, fork = outputs(manifest, facts()), outputs(manifest, facts(head="stranger/wheels"))

    assert own["bundle"] == "true"
    assert fork[LINUX] == own[LINUX] != "[]"
    assert (fork[WINDOWS], fork["bundle"]) == ("[]", "false")
    assert fork["reason"] == "own runners build nothing of a fork: github: {forks: hosted}"


def test_a_fork_builds_everything_where_the_manifest_says_so() -> None:
    manifest = read(
        TEXT.replace("merge-requests: plan", "merge-requests: build").replace(
            "forks: hosted", "forks: build"
        )
    )

    assert outputs(manifest, facts(head="stranger/wheels"))["bundle"] == "true"


def test_own_runners_have_a_condition_that_a_plan_cannot_lift() -> None:
    jobs = workflow()["jobs"]

    assert "head.repo.full_name != github.repository" in jobs[f"build-{WINDOWS}"]["if"]
    assert "head.repo" not in jobs[f"build-{LINUX}"]["if"]


# names of jobs


@given(
    st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True), min_size=1, max_size=9)
)
@settings(deadline=None)
def test_a_job_is_called_after_its_platform_and_its_first_projects(projects: list[str]) -> None:
    (first, *_) = cases.plan(cases.manifest("one-linux")).jobs
    builds: tuple[Build, ...] = tuple(
        Build(
            project=project,
            version="1.0",
            sdist=f"{project}-1.0.tar.gz",
            sha256="0" * 64,
            size=1,
            identifiers=("cp312-win_amd64",),
            targets=(),
        )
        for project in projects
    )
    job = Job(id=first.id, job_class=first.job_class, builds=builds, seconds=1)
    distinct = list(dict.fromkeys(projects))

    name = github_outputs.name_job(job, "win_amd64")

    assert name.startswith(f"win_amd64: {', '.join(distinct[:2])}")
    assert name.endswith(f" +{len(distinct) - 2}") == (len(distinct) > 2)
    assert json.loads(json.dumps(name)) == name


# any values of the keys


@given(
    wheels=st.integers(1, 3650),
    bundles=st.integers(1, 3650),
    requests=st.sampled_from(["plan", "build"]),
    schedule=st.sampled_from(["weekly", "off"]),
    forks=st.sampled_from(["hosted", "build"]),
    attest=st.sampled_from(["true", "false"]),
    branch=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}(/[A-Za-z0-9_.-]{1,9})?", fullmatch=True),
    secret=st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True),
    parts=st.sets(st.sampled_from(["sign", "bot"])),
)
@settings(deadline=None, max_examples=25)
def test_any_operations_give_a_workflow_that_keeps_every_rule(
    *,
    wheels: int,
    bundles: int,
    requests: str,
    schedule: str,
    forks: str,
    attest: str,
    branch: str,
    secret: str,
    parts: set[str],
) -> None:
    base = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")
    lines = [
        f"github: {{branch: '{branch}', forks: {forks}, attest: {attest}}}",
        f"merge-requests: {requests}",
        f"keep: {{wheels: {wheels}, bundles: {bundles}}}",
        f"schedule: {schedule}",
        *(f"{part}: X{secret}" for part in sorted(parts)),
    ]
    text = base + "\n".join(lines) + "\n"

    whole = workflow(text)

    assert providers.render_committed(read(text)) == providers.render_committed(read(text))
    assert whole["on"]["push"]["branches"] == [branch]
    assert ("sign" in whole["jobs"], "refresh" in whole["jobs"]) == (
        "sign" in parts,
        "bot" in parts,
    )
