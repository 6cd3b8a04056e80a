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
    assert run.result("nothing-to-build") == "skipped"
    assert repository.verify(run)["wheels"] == 2
    summary = run.jobs["plan"][0].summary
    assert "| netifaces |  | 0.11.0 | all |\n" in summary
    assert "| click" not in summary
    assert "| netifaces 0.11.0 | MIT" in summary
    assert run.result("comment") == "success"
    (call,) = repository.gh.calls
    assert call.arguments == [
        *("pr", "comment", "1", "--repo", REPOSITORY, "--edit-last", "--create-if-none"),
        *("--body-file", "report/summary.md"),
    ]
    assert (call.token, call.files) == (TOKEN, ["report"])
    assert call.texts == {"report/summary.md": summary}


def test_a_build_that_fails_leaves_no_bundle_is_named_and_keeps_its_log(
    repository: Repository,
) -> None:
    repository.write("click", "netifaces", recipes={"netifaces": BROKEN})

    run = repository.push()

    (build,) = run.builds
    assert run.red == [build], run.log
    assert run.result("bundle") == "skipped"
    (job,) = (job for job in run.all_jobs if job.name == build)
    assert "netifaces 0.11.0" in job.log
    id_ = build.removeprefix("build ")
    assert run.artifacts.names == [f"failed-{id_}", "plan"]
    logs = run.artifacts.path(f"failed-{id_}") / "logs"
    assert {path.suffix for path in logs.iterdir()} == {".json", ".log"}


def test_a_plan_without_builds_says_so_and_is_bundled_all_the_same(repository: Repository) -> None:
    repository.write("click")

    run = repository.push()

    assert run.red == [], run.log
    assert run.builds == {}
    assert "nothing to build, every wheel of the plan exists" in run.log
    assert repository.verify(run)["wheels"] == 1


def test_a_tag_publishes_what_was_sealed(repository: Repository) -> None:
    repository.write("click")

    run = repository.push_tag("bundle-7")

    assert run.red == [], run.log
    assert run.result("publish") == "success"
    (call,) = repository.gh.calls
    assert call.arguments[:3] == ["release", "create", "bundle-7"]
    assert call.token == TOKEN
    parts = [word for word in call.arguments if word.startswith("parts/") and ".tar.part" in word]
    assert len(parts) == 1
    assert {"parts/parts.json", "--verify-tag"} <= set(call.arguments)


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
