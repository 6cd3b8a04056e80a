"""The generated GitHub workflow, run by act: from the check to a sealed bundle, built in podman."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ..github_api import REPOSITORY, TOKEN, WORKFLOW
from .flow import ROOT
from .github_parser import GitHubParser
from .github_repository import BROKEN, Repository


def test_a_pull_request_ends_in_a_bundle_a_report_and_a_comment(repository: Repository) -> None:
    base = repository.write("click")
    repository.write("click", "netifaces")

    run = repository.request(base)

    assert run.red == [], run.log
    assert list(run.builds.values()) == ["success"]
    assert run.result("wheels") == "success"
    # A pull request keeps its wheels, and no bundle.
    (job,) = (build.name for build in run.all_jobs if build.id.startswith("build-"))
    assert job == "manylinux_x86_64: netifaces"
    assert [name for name in run.artifacts.names if not name.startswith("wheels-")] == [
        *("plan", "report", "store-index"),
    ]
    summary = run.jobs["plan"][0].summary
    assert "| netifaces |  | 0.11.0 | all |\n" in summary
    assert "| click" not in summary
    assert "| netifaces 0.11.0 | MIT" in summary
    assert run.result("comment") == run.result("comment-result") == "success"
    calls = [call.arguments for call in repository.gh.calls if "--field" in call.arguments]
    place = f"repos/{REPOSITORY}/issues/1/comments"
    assert calls == [["api", "--silent", place, "--field", "body=@comment.md"]] * 2
    assert {call.token for call in repository.gh.calls} == {TOKEN}


def test_a_build_that_fails_leaves_no_bundle_is_named_and_keeps_its_log(
    repository: Repository,
) -> None:
    repository.write("click", "netifaces", recipes={"netifaces": BROKEN})

    run = repository.push()

    (build,) = run.builds
    assert run.red == [build, "wheels"], run.log
    assert run.result("bundle") == "skipped"
    (job,) = (job for job in run.all_jobs if job.name == build)
    assert "netifaces 0.11.0" in job.log
    (logs,) = (name for name in run.artifacts.names if name.startswith("logs-"))
    assert sorted(run.artifacts.names) == [logs, "plan", "store-index"]
    kept = run.artifacts.path(logs)
    assert {path.suffix for path in kept.iterdir()} == {".json", ".log"}


def test_a_plan_without_builds_says_so_and_is_bundled_all_the_same(repository: Repository) -> None:
    repository.write("click")

    run = repository.push()

    assert run.red == [], run.log
    assert run.builds == {}
    assert sorted(run.results) == ["bundle", "check", "plan", "wheels"]
    assert repository.verify(run)["wheels"] == 1


def test_a_tag_publishes_what_was_sealed(repository: Repository) -> None:
    repository.write("click")

    repository.gh.answer(
        ("api repos/", 0, "behind\n"), ("release view", 1, ""), ("release download", 1, "")
    )

    run = repository.push_tag("bundle-7")

    assert run.red == [], run.log
    assert run.result("publish") == "success"
    calls = [call.arguments for call in repository.gh.calls if call.arguments[0] == "release"]
    assert [words[1] for words in calls] == [
        *("view", "create", "download", "upload", "upload", "edit"),
    ]
    assert {"bundle-7", "--verify-tag", "--draft"} <= set(calls[1])
    assert next(word for word in calls[3] if ".tar.part" in word).endswith(".tar.part001")
    assert calls[4] == ["release", "upload", "bundle-7", "parts.json", "--clobber"]


@pytest.fixture(scope="module")
def parser(environment: Mapping[str, str], cache: Path) -> GitHubParser:
    return GitHubParser.installed(environment, directory=cache)


def test_github_s_own_parser_has_nothing_against_the_workflows(parser: GitHubParser) -> None:
    workflows = sorted(ROOT.glob("tests/golden/*/.github/workflows/*.yml"))

    assert len(workflows) > 1
    assert parser.complain([ROOT / WORKFLOW, *workflows]) == []


def test_github_s_parser_complains_of_what_is_wrong(parser: GitHubParser, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: push\njobs: {a: {runs-on: '${{ env.X }}', needed: b, steps: [{run: x}]}}\n",
        encoding="utf-8",
    )

    assert [complaint.partition(": ")[2] for complaint in parser.complain([wrong])] == [
        "2, Col: 21): Unrecognized named-value: 'env'",
        "2, Col: 37): Unexpected value 'needed'",
    ]
