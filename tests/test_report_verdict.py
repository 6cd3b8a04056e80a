"""The first lines of a report, the order of its parts, and what a change asks for."""

import dataclasses

import pytest

from matrix.plan.model import PlannedRequirement, State
from matrix.report import comparing
from matrix.report.facts import LockState
from matrix.report.merge_request import full, summary
from matrix.report.outcomes import Outcome
from matrix.report.verdict import list_verdict
from matrix.resolve import lockfile

from .locks import P39, P312, lock, wheel
from .test_report import before, cell, facts_of, planned

SIX = tuple(cell("six", "1.0", target, State.PUBLISHED) for target in (P312, P39))
STALE = LockState(
    patch="packages.lock.patch",
    differences=("attrs is not locked on every target",),
    is_refused=True,
)
FAILED = Outcome(
    job="linux.0",
    project="native",
    version="2.0",
    targets=(P39,),
    result="failed",
    what="missing header: x.h",
    hint="recipes: {native: {}}",
    log="linux.0.native-2.0.log in the artifact logs-linux.0.1",
)
BUILT = dataclasses.replace(FAILED, project="other", result="built", what="", hint="", log="")


def test_what_cannot_be_planned_stands_first_with_what_was_asked_for() -> None:
    gaps = [
        cell("six", "", target, State.IMPOSSIBLE, reason="no release of 'six' satisfies >=99")
        for target in (P312, P39)
    ]
    plan = dataclasses.replace(
        planned(*gaps),
        requirements=(
            PlannedRequirement(
                name="six", requirements=("six>=99",), targets=(P312, P39), excluded=()
            ),
        ),
    )
    facts = facts_of(plan, base=before(*SIX))

    (line,) = list_verdict(facts)
    assert line == (
        "**This cannot be planned:** six&#62;=99 on every target: "
        "no release of 'six' satisfies &#62;=99."
    )
    text = summary(facts)
    assert text.splitlines()[1].startswith("**This cannot be planned:**")
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles[:3] == ["## Impossible", "## Requirements", "## Changes"]
    assert "| six | six | six&#62;=99 |\n" in text


def test_a_stale_lock_is_told_with_patch_and_command() -> None:
    (line,) = list_verdict(facts_of(planned(*SIX), lock_state=STALE))
    assert line == (
        "**`packages.lock` is stale:** attrs is not locked on every target. "
        "Run `git apply packages.lock.patch` with the file of the artifact `plan`, "
        "or `wheelyard lock`, and commit it: until then the pipeline stays red."
    )


def test_a_lock_that_the_policy_renews_is_told_and_not_red() -> None:
    facts = facts_of(planned(*SIX), lock_state=dataclasses.replace(STALE, is_refused=False))

    assert list(list_verdict(facts)) == [
        "`packages.lock` is stale, and was renewed for this run (`policy.lock: refresh`)."
    ]


def test_after_the_builds_those_without_a_wheel_are_named() -> None:
    facts = facts_of(planned(*SIX), outcomes=(FAILED, BUILT))

    assert list(list_verdict(facts)) == [
        "**1 of 2 builds made no wheel:** native 2.0: missing header: x.h."
    ]
    assert (
        "## Without a wheel\n\n"
        "| release | job | why | hint | log |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| native 2.0 | linux.0 | missing header: x.h | recipes: {native: {}} "
        "| linux.0.native-2.0.log in the artifact logs-linux.0.1 |\n"
    ) in full(facts)
    assert list(list_verdict(facts_of(planned(*SIX), outcomes=(BUILT,)))) == [
        "Every build succeeded."
    ]


def test_many_reasons_are_counted_and_long_ones_clipped() -> None:
    differences = tuple(f"p{number} {'x' * 300}" for number in range(9))
    facts = facts_of(planned(*SIX), lock_state=dataclasses.replace(STALE, differences=differences))

    (line,) = list_verdict(facts)
    assert line.count("…") == 5
    assert "; and 4 more. Run" in line


@pytest.mark.parametrize("attack", ["</details><b>", "`code` **x**", "@everyone ![x](y)"])
def test_text_of_others_stays_text_in_the_verdict(attack: str) -> None:
    outcome = dataclasses.replace(FAILED, what=attack)
    facts = facts_of(
        planned(*SIX),
        outcomes=(outcome,),
        lock_state=dataclasses.replace(STALE, differences=(attack,)),
    )

    assert attack not in "\n".join(list_verdict(facts))


def test_a_downgrade_is_marked_and_names_who_requires_the_project() -> None:
    made = planned(*SIX)
    locked = lock(wheel("six", targets=(P312, P39)))
    older = [cell("six", "1.5", target, State.PUBLISHED) for target in (P312, P39)]
    facts = facts_of(made, base=before(*older), lock=locked)

    assert "| six | 1.5 | 1.0 (downgrade) | all | six |\n" in summary(facts)
    assert facts.downgrades == ("six",)


def test_a_lock_and_its_own_plan_require_the_same() -> None:
    locked = lock(wheel("six", targets=(P312, P39)))
    read = comparing.parse_holdings(lockfile.dump(locked), name="packages.lock")

    assert read.requirements == {("six", "six")}
    gone = dataclasses.replace(read, requirements=frozenset({("attrs", "attrs>=1")}))
    changes = comparing.find_requirement_changes(gone, read)
    assert [(c.root, c.before, c.after) for c in changes] == [
        ("attrs", ("attrs>=1",), ()),
        ("six", (), ("six",)),
    ]


def test_what_was_saved_is_told() -> None:
    reused = cell("native", "2.0", P39, State.REUSED, build_seconds=600)

    assert "; 1 build reused, about 10 minutes.\n" in summary(facts_of(planned(*SIX, reused)))
