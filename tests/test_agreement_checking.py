"""What the checker says of two closures, on releases that are made up for it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from matrix.targets.target import Target

from .agreement import checking, comparing
from .agreement.checking import Checker, Finding
from .agreement.comparing import Difference
from .agreement.serving import Store

# Project to version to requirements: the newest `left`, `right` and `low` exclude each other.
RELEASES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "app": {"1.0": ("left", "right", "top"), "2.0": ("left", "right", "top")},
    "left": {"1.0": ("low",), "2.0": ("low <2",)},
    "right": {"1.0": (), "2.0": ("low >=2",)},
    "top": {"1.0": (), "2.0": ("low",)},
    "low": {"1.0": (), "2.0": ()},
    "early": {"1.0": (), "2.0rc1": ()},
    "old": {"1.0": ()},
}
EVERYTHING = {"app": "2.0", "left": "2.0", "right": "1.0", "top": "2.0", "low": "1.0"}


@pytest.fixture
def checker(tmp_path: Path) -> Checker:
    for folder in ("pages", "releases"):
        (tmp_path / folder).mkdir()
    for project, releases in RELEASES.items():
        files = [{"filename": f"{project}-{version}-py3-none-any.whl"} for version in releases]
        (tmp_path / "pages" / f"{project}.json").write_text(json.dumps({"files": files}))
        facts = {
            version: {"requires": requires, "python": "<3" if project == "old" else ">=3.8"}
            for version, requires in releases.items()
        }
        (tmp_path / "releases" / f"{project}.json").write_text(json.dumps(facts))
    store = Store(tmp_path, has_metadata=True)
    return Checker(store, Target.parse("3.12.4", "manylinux_2_28_x86_64"))


def test_what_nobody_could_install_is_a_fault(checker: Checker) -> None:
    broken = {**EVERYTHING, "low": "2.0"}

    assert checker.check("app", EVERYTHING, broken) == Finding(
        fault="theirs: low <2 is not answered by low 2.0"
    )
    assert checker.check("app", broken, EVERYTHING) == Finding(
        fault="ours: low <2 is not answered by low 2.0"
    )
    assert checker.check("old", {"old": "1.0"}, None) == Finding(
        fault="ours: old 1.0 does not run on 3.12.4"
    )
    assert checker.check("old", {"old": "3.0"}, None).fault.startswith(
        "ours: old 3.0 has no wheel here"
    )


def test_the_newer_of_what_is_nearest_to_the_requirement_is_right(checker: Checker) -> None:
    theirs = {**EVERYTHING, "left": "1.0", "low": "2.0"}

    found = checker.check("app", EVERYTHING, theirs)

    assert found.reason == checking.NEARER
    assert found.questions == (
        ("app", "app==2.0", "left==2.0", "right==1.0", "top==2.0", "low==2.0"),
    )
    assert checker.check("app", theirs, EVERYTHING) == Finding(
        fault="both hold; where they part, theirs is newer: left"
    )


def test_a_pre_release_is_never_simply_newer(checker: Checker) -> None:
    assert checker.check("early>=0.dev0", {"early": "2.0rc1"}, {"early": "1.0"}) == Finding(
        fault="both hold; a pre-release is taken: early 2.0rc1"
    )


def test_of_two_that_exclude_each_other_either_may_be_newer(checker: Checker) -> None:
    theirs = {**EVERYTHING, "left": "1.0", "right": "2.0", "low": "2.0"}

    found = checker.check("app", EVERYTHING, theirs)

    assert found.reason == checking.EXCLUDED
    # What `right` leads to may give way; nothing else.
    assert ("app", "app==2.0", "left==2.0", "top==2.0", "right==2.0") in found.questions


@pytest.mark.parametrize(
    ("ours", "reason"),
    [
        (EVERYTHING, "stopped after 60 s of the processor; ours holds"),
        (None, "stopped after 60 s of the processor"),
    ],
    ids=["with a closure", "with none"],
)
def test_where_a_tool_does_not_answer_ours_is_checked(
    checker: Checker, ours: Mapping[str, str] | None, reason: str
) -> None:
    assert checker.check("app", ours, "late") == Finding(reason=reason)
    assert checker.check("app", {**EVERYTHING, "low": "2.0"}, "crashed") == Finding(
        fault="ours: low <2 is not answered by low 2.0"
    )


def test_nothing_is_found_where_one_says_that_there_is_no_closure(checker: Checker) -> None:
    assert checker.check("app", EVERYTHING, None) == Finding()
    assert checker.check("app", None, EVERYTHING) == Finding()


def test_a_better_closure_than_ours_is_a_fault() -> None:
    questions = (("app", "low==1.0", "left==2.0"), ("app", "low==1.0", "right==2.0"))
    each = Difference(
        source="index", requirement="app", python="3.9.18", tool="uv", what="left 1.0 / 2.0",
        finding=Finding(reason="both hold", questions=questions),
    )  # fmt: skip

    assert comparing.settled(each, [None, None]) is each
    assert comparing.settled(each, [None, {"app": "1.0"}]).finding == Finding(
        fault="both hold, but ours could have right==2.0, for what it requires alone"
    )
    assert comparing.settled(each, ["late", None]).finding.reason == ""
