"""What act does not play of GitHub, held by rules over the generated text."""

import pytest

from matrix.pipelines import github

from .golden import cases
from .golden.everywhere import everywhere, files_of
from .golden.github_rules import is_started, rule_problems

ONE = cases.read_golden("one-linux")[github.WORKFLOW]


def workflows() -> list[str]:
    golden = (cases.read_golden(case).get(github.WORKFLOW) for case in cases.NAMES)
    return [*filter(None, golden), files_of(everywhere())[github.WORKFLOW]]


def test_github_does_with_every_workflow_what_is_meant() -> None:
    assert [rule_problems(text) for text in workflows()] == [[] for _ in workflows()]


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        (
            "      contents: read # to check out\n    outputs",
            "      issues: read\n    outputs",
            "plan checks out without the right to read the repository",
        ),
        (" != '[]'", " != ''", "build-manylinux-x86-64-cibw4 starts with an empty matrix"),
        (
            "include: ${{ fromJSON(needs.plan.outputs.manylinux-x86-64-cibw4) }}",
            "include: [{job: a, name: b}]",
            "build-manylinux-x86-64-cibw4 has a matrix that the plan does not name",
        ),
        (
            "    name: plan\n",
            "    name: plan\n    continue-on-error: true\n",
            "plan may fail",
        ),
    ],
)
def test_a_workflow_that_breaks_a_rule_is_named(was: str, becomes: str, problem: str) -> None:
    assert was in ONE

    assert problem in rule_problems(ONE.replace(was, becomes, 1))


@pytest.mark.parametrize(
    ("event", "ref", "starts"),
    [
        ("push", "refs/heads/main", True),
        ("push", "refs/heads/topic", False),
        ("push", "refs/heads/gh-readonly-queue/main/pr-1-c", False),
        ("push", "refs/tags/bundle-1", True),
        ("merge_group", "refs/heads/gh-readonly-queue/main/pr-1-c", True),
        ("workflow_dispatch", "refs/tags/bundle-1", True),
        ("schedule", "refs/heads/main", True),
        ("push", "refs/tags/v1", False),
        ("pull_request", "refs/pull/1/merge", True),
        ("issues", "refs/heads/main", False),
    ],
)
def test_only_its_events_start_the_workflow(event: str, ref: str, starts: bool) -> None:
    assert is_started(ONE, event, ref) == starts
