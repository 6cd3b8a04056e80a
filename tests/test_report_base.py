"""What a merge request is compared with: the commit that it is merged into, by real git."""

from pathlib import Path
from typing import Any

import pytest

from .checkouts import Checkout, enter_github, enter_gitlab, git
from .index_server import IndexServer
from .wheels import make_wheel

REQUEST = {
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/7/head",
    "CI_PIPELINE_SOURCE": "merge_request_event",
}


@pytest.fixture
def checkout(tmp_path: Path, index: IndexServer) -> Checkout:
    """A default branch with six; a branch that adds attrs; a default branch that moved on."""
    for name in ("attrs", "idna"):
        index.add(make_wheel(index.directory, name, "1.0"))
    made = Checkout.make(tmp_path / "repository", index)
    lock_and_commit(made)
    git(made.directory, "checkout", "--quiet", "-b", "topic")
    made.write("six", "attrs")
    lock_and_commit(made)
    return made


def lock_and_commit(checkout: Checkout) -> str:
    assert checkout.run("lock", "--quiet") == 0
    return checkout.commit()


def report(checkout: Checkout) -> dict[str, Any]:
    out = checkout.directory / "report"
    assert checkout.run("report", "--out", out) == 0
    loaded: dict[str, Any] = checkout.read_json("report/report.json")
    return loaded


def changed(facts: dict[str, Any]) -> list[str]:
    return [change["project"] for change in facts["changes"]]


def test_a_merge_is_compared_with_its_first_parent_wherever_the_branch_has_moved(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = checkout.directory
    topic = git(directory, "rev-parse", "HEAD")
    git(directory, "checkout", "--quiet", "main")
    checkout.write("six", "idna")
    moved = lock_and_commit(checkout)
    checkout.write("six", "attrs", "idna")
    assert checkout.run("lock", "--quiet") == 0
    git(directory, "add", "packages.*")
    tree = git(directory, "write-tree")
    merge = git(directory, "commit-tree", tree, "-p", moved, "-p", topic, "-m", "Merge")
    git(directory, "checkout", "--quiet", "--force", merge)
    event = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}
    enter_github(monkeypatch, tmp_path, merge, **event)

    facts = report(checkout)

    assert changed(facts) == ["attrs"]
    assert facts["base"] == f"packages.lock of {moved[:12]}"
    assert facts["requirement_changes"] == [{"root": "attrs", "before": [], "after": ["attrs"]}]
    assert facts["roots"] == [["attrs", ["attrs"]]]


def test_a_commit_that_the_checkout_lacks_is_fetched(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base = git(checkout.directory, "rev-parse", "main")
    git(checkout.directory, "config", "uploadpack.allowAnySHA1InWant", "true")
    shallow = Checkout(directory=tmp_path / "shallow", index=checkout.index)
    address = checkout.directory.as_uri()
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=topic", address, "shallow")
    enter_gitlab(
        monkeypatch,
        git(shallow.directory, "rev-parse", "HEAD"),
        **REQUEST,
        CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
    )

    facts = report(shallow)

    assert (changed(facts), facts["base"]) == (["attrs"], f"packages.lock of {base[:12]}")


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("", "the service names no commit"),
        ("0" * 40, f"git fetch {'0' * 40}: fatal: 'origin' does not appear to be a git repository"),
    ],
)
def test_a_base_that_cannot_be_read_is_told_and_everything_counts_as_added(
    base: str,
    reason: str,
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    enter_gitlab(monkeypatch, "0" * 40, **REQUEST, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)

    facts = report(checkout)

    assert (changed(facts), facts["base"]) == (["attrs", "six"], "")
    assert f"compared with nothing: {reason}\n" in capsys.readouterr().err


def test_a_base_without_a_lock_is_told(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = checkout.directory
    git(directory, "checkout", "--quiet", "--orphan", "empty")
    git(directory, "rm", "--quiet", "--cached", "-r", ".")
    git(directory, "commit", "--quiet", "--allow-empty", "-m", "Empty")
    base = git(directory, "rev-parse", "HEAD")
    enter_gitlab(monkeypatch, base, **REQUEST, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)

    assert report(checkout)["base"] == ""
    assert f"compared with nothing: {base[:12]} has no packages.lock\n" in capsys.readouterr().err


def test_a_machine_without_git_compares_with_nothing(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    enter_gitlab(monkeypatch, "0" * 40, **REQUEST, CI_MERGE_REQUEST_DIFF_BASE_SHA="1" * 40)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    assert report(checkout)["base"] == ""


def test_the_report_of_a_stale_lock_offers_the_patch_of_the_plan(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.write("six", "attrs", "idna")
    plan = checkout.directory / "plan"
    assert checkout.run("plan", "--relock", "--out", plan, "--quiet") == 0
    capsys.readouterr()

    assert checkout.run("report", "--plan", plan / "plan.json", "--out", plan, "--quiet") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("**`packages.lock` is stale:** idna is not locked on ")
    assert "Run `git apply packages.lock.patch` with the file of the artifact `plan`" in lines[1]
    state = checkout.read_json("plan/report.json")["lock"]
    assert state["patch"] == "packages.lock.patch"
    assert state["is_refused"] is True
    assert len(state["differences"]) == 1


def test_junit_needs_the_builds(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert checkout.run("report", "--junit", tmp_path / "junit.xml", "--quiet") == 2
    assert capsys.readouterr().err == (
        "report: `--junit` needs the builds of `--result`\n"
        "  hint: wheelyard report --result wheels --junit junit.xml\n"
    )


def test_a_report_with_the_result_writes_junit(
    checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.write("six", "{requirement: native, targets: [prod]}")
    assert checkout.run("lock", "--quiet") == 0
    (tmp_path / "wheels").mkdir()
    junit = checkout.directory / "junit.xml"
    capsys.readouterr()

    result = ("--result", tmp_path / "wheels", "--junit", junit)
    assert checkout.run("report", *result, "--out", checkout.directory / "r", "--quiet") == 0

    assert capsys.readouterr().out.splitlines()[1] == (
        "**1 of 1 build made no wheel:** native 2.0: its job ended before it, or never started."
    )
    assert 'errors="1"' in junit.read_text("utf-8")
