"""The one check to require: when it is red, and which skipped jobs it accepts."""

import functools
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from matrix.manifest.reading import read
from matrix.pipelines import github, providers

from .gh_program import BASH
from .golden import cases, semantics

BUILD = "build-manylinux-x86-64-cibw4"
OUTPUT = "plan.manylinux-x86-64-cibw4"
GREEN = {
    "check": "success",
    "plan": "success",
    BUILD: "success",
    "bundle": "success",
    "publish": "skipped",
}
PUSH = {"event_name": "push", "ref": "refs/heads/main", "repository": "acme/wheels"}
TAG = {**PUSH, "ref": "refs/tags/bundle-1"}
FORK = {
    "event_name": "pull_request",
    "ref": "refs/pull/7/merge",
    "repository": "acme/wheels",
    "event.pull_request.head.repo.full_name": "stranger/wheels",
}
BUILT = {OUTPUT: '[{"job":"a","name":"b"}]', "plan.bundle": "true"}


@functools.cache
def workflow(text: str = "") -> Any:  # noqa: ANN401 - YAML
    manifest = read(text) if text else cases.manifest("one-linux")
    committed = providers.render_committed(manifest)
    (path,) = (path for path in committed if path.startswith(".github/"))
    return semantics.parse(committed[path])


def one_linux() -> str:
    return (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")


def judge(
    results: Mapping[str, str],
    *,
    event: Mapping[str, str] = PUSH,
    outputs: Mapping[str, str] = BUILT,
    inputs: Mapping[str, str] | None = None,
    text: str = "",
) -> list[str]:
    """The jobs that the gate names as not successful."""
    (step,) = [s for s in workflow(text)["jobs"]["wheels"]["steps"] if s.get("id") == "judge"]
    expressions = re.findall(r"\$\{\{ (.+?) \}\}", step["env"]["FAILED"])
    values = [
        semantics.evaluate(
            expression, results=results, github=event, outputs=outputs, inputs=inputs or {}
        )
        for expression in expressions
    ]
    # Every job, and the lock.
    assert len(values) == len(workflow(text)["jobs"]["wheels"]["needs"]) + 1
    return "".join(map(str, values)).split()


def test_a_run_whose_every_job_succeeded_is_green() -> None:
    assert judge(GREEN) == []


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
@pytest.mark.parametrize("job", ["check", "plan", BUILD, "bundle"])
def test_a_job_that_did_not_succeed_is_named(job: str, result: str) -> None:
    assert job in judge({**GREEN, job: result})


def test_a_failed_build_is_red_although_the_bundle_is_only_skipped() -> None:
    assert judge({**GREEN, BUILD: "failure", "bundle": "skipped"}) == [BUILD, "bundle"]


def test_after_a_failed_plan_no_other_job_is_blamed() -> None:
    results = {**GREEN, "plan": "failure", BUILD: "skipped", "bundle": "skipped"}

    assert judge(results, outputs={}) == ["plan"]


def test_nothing_to_build_is_green() -> None:
    outputs = {OUTPUT: "[]", "plan.bundle": "true"}

    assert judge({**GREEN, BUILD: "skipped"}, outputs=outputs) == []


def test_a_build_that_is_skipped_although_the_plan_has_jobs_is_red() -> None:
    assert judge({**GREEN, BUILD: "skipped"}) == [BUILD]


def test_a_stale_lock_is_red_although_everything_was_built() -> None:
    assert judge(GREEN, outputs={**BUILT, "plan.stale": "true"}) == ["stale-lock"]
    assert judge(GREEN, outputs={**BUILT, "plan.stale": "false"}) == []


def test_a_release_that_was_not_attested_is_red() -> None:
    text = f"{one_linux()}github: {{attest: true}}\n"
    good = {**GREEN, "publish": "success", "attest": "success"}

    assert judge(good, event=TAG, text=text) == []
    assert judge({**good, "attest": "failure"}, event=TAG, text=text) == ["attest"]


def test_a_bundle_is_skipped_only_where_the_plan_says_so() -> None:
    results = {**GREEN, BUILD: "skipped", "bundle": "skipped"}
    left_out = {OUTPUT: "[]", "plan.bundle": "false"}

    assert judge(results, outputs=left_out) == []
    assert judge(results, outputs={**left_out, "plan.bundle": "true"}) == ["bundle"]


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_a_release_that_was_not_published_is_red(result: str) -> None:
    assert judge({**GREEN, "publish": result}, event=TAG) == ["publish"]
    assert judge({**GREEN, "publish": "success"}, event=TAG) == []


def test_a_failed_build_that_may_be_missing_is_green_if_the_bundle_is() -> None:
    allowed = {"allow-missing": "netifaces@cp312-manylinux_2_28_x86_64"}
    results = {**GREEN, BUILD: "failure"}

    assert judge(results, inputs=allowed) == []
    assert judge({**results, "bundle": "failure"}, inputs=allowed) == ["bundle"]
    assert judge({**results, BUILD: "cancelled"}, inputs=allowed) == [BUILD]


def test_a_fork_that_may_not_use_own_runners_is_skipped_and_green() -> None:
    own = one_linux().replace("github: ubuntu-24.04", "github: [self-hosted, linux]")
    skipped = dict.fromkeys(GREEN, "skipped")

    assert judge(skipped, event=FORK, outputs={}, text=own) == []
    assert judge(skipped, event=PUSH, outputs={}, text=own) == ["check", "plan"]
    assert judge(skipped, event=FORK, outputs={}) == ["check", "plan"]
    assert judge(skipped, event=FORK, outputs={}, text=f"{own}github: {{forks: build}}\n") == [
        "check",
        "plan",
    ]


@pytest.mark.skipif(not BASH, reason="no bash")
@pytest.mark.parametrize(
    ("told", "failed"),
    [("", ""), ("   ", ""), ("check  plan ", "check plan"), (" build-a", "build-a")],
)
def test_the_names_become_an_output(tmp_path: Path, told: str, failed: str) -> None:
    (step,) = [s for s in workflow()["jobs"]["wheels"]["steps"] if s.get("id") == "judge"]
    output = tmp_path / "output"

    subprocess.run(
        [BASH, "-e", "-o", "pipefail", "-c", step["run"]],
        env={"FAILED": told, "GITHUB_OUTPUT": str(output)},
        check=True,
    )

    assert output.read_text(encoding="utf-8") == f"failed={failed}\n"


def test_the_gate_is_called_like_the_pipeline() -> None:
    other = f"{one_linux()}output: {{name: lab, github: lab.yml, tags: lab-}}\n"

    gate = workflow(other)["jobs"]["wheels"]

    assert (gate["name"], gate["if"]) == ("lab", "${{ !cancelled() }}")


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        (
            "if: ${{ !cancelled() }}\n",
            "if: ${{ !cancelled() && needs.plan.result == 'success' }}\n",
            "wheels runs if ${{ !cancelled() && needs.plan.result == 'success' }}",
        ),
        ("      - bundle\n      - publish\n", "      - publish\n", "and not for ['build-"),
        (
            "    timeout-minutes: 5\n    permissions: {}\n",
            "    timeout-minutes: 5\n    permissions: {contents: read}\n",
            "wheels has rights",
        ),
    ],
)
def test_a_gate_with_a_hole_is_named(was: str, becomes: str, problem: str) -> None:
    text = cases.read_golden("one-linux")[github.WORKFLOW]
    start = text.index("  wheels:\n")
    assert was in text[start:]
    outputs = github.GitHub().render_outputs(
        cases.manifest("one-linux"), cases.plan(cases.manifest("one-linux"))
    )

    broken = text[:start] + text[start:].replace(was, becomes, 1)

    assert problem in "\n".join(semantics.github_problems(broken, outputs))
