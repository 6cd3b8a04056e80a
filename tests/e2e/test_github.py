"""The generated GitHub workflow, run by act: from the check to a sealed bundle, built in podman."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ..github_api import TOKEN, WORKFLOW
from .flow import ROOT
from .github_parser import GitHubParser
from .github_repository import BROKEN, Repository
from .scenario_table import Record

MARKUPSAFE = {"requirement": "markupsafe", "source": "build"}


def test_a_pull_request_is_reported_built_and_judged(
    repository: Repository, record: Record
) -> None:
    base = repository.write("click")
    repository.write("click", "netifaces")

    run = repository.request(base)
    record("pull request", run)

    assert (run.red, run.built) == ([], 1)
    assert list(run.builds) == ["manylinux_x86_64: netifaces"]
    summary = run.jobs["plan"][0].summary
    assert "| netifaces |  | 0.11.0 | all | netifaces |\n" in summary
    assert "| click" not in summary
    assert "| netifaces 0.11.0 | MIT" in summary
    assert run.result("comment") == run.result("comment-result") == "success"
    assert run.result("wheels") == "success"
    # A pull request keeps its wheels, and no bundle.
    assert [name for name in run.artifacts.names if not name.startswith("wheels-")] == [
        *("plan", "report", "store-index"),
    ]
    assert {call.token for call in repository.gh.calls} == {TOKEN}
    bodies = [call.texts["comment.md"] for call in repository.gh.calls if call.texts]
    assert len(bodies) == 2
    for body, verdict in zip(
        bodies, ("The builds of this change follow", "Succeeded"), strict=True
    ):
        marker, line, *rest = body.splitlines()
        assert marker == "<!-- wheelyard wheels -->"
        assert line.startswith(f"{verdict}: [this run](")
        assert "\n".join(rest).strip() == summary.strip()


def test_after_a_failure_only_what_failed_is_built_and_after_that_nothing(
    repository: Repository, record: Record
) -> None:
    repository.write("click", "netifaces", MARKUPSAFE, recipes={"netifaces": BROKEN})
    broken = repository.push()
    record("one of two builds fails", broken)
    repository.write("click", "netifaces", MARKUPSAFE)
    mended = repository.push()
    record("the next push mends it", mended)
    (repository.directory / "README.md").write_text("Read me.\n", encoding="utf-8")
    repository.commit()

    same = repository.push()
    record("nothing changed", same)

    failed = [job for job in broken.all_jobs if job.result == "failure" and job.id != "wheels"]
    assert [job.id.startswith("build-") for job in failed] == [True]
    assert "netifaces" in failed[0].name
    assert broken.result("wheels") == "failure"
    assert broken.result("bundle") == "skipped"
    id_ = failed[0].matrix["job"]
    logs = {path.suffix for path in broken.artifacts.path(f"logs-{id_}.1").iterdir()}
    assert {".json", ".log"} <= logs
    assert (broken.built, mended.built) == (2, 1)
    assert (mended.red, same.red) == ([], [])
    assert same.builds == {}
    assert len(same.all_jobs) <= 4
    assert repository.verify(same)["wheels"] == 3


def test_a_stale_lock_makes_a_pull_request_red_and_says_so_first(
    repository: Repository, record: Record
) -> None:
    base = repository.write("click")
    repository.write("click", "six", is_locked=False)

    run = repository.request(base)
    record("stale lock in a pull request", run)

    assert run.result("wheels") == "failure"
    _, verdict, title, *_ = filter(None, run.jobs["plan"][0].summary.splitlines())
    assert title == "# wheelyard-example: what this change brings"
    assert verdict.startswith("**`packages.lock` is stale:**")
    plan = {path.name for path in run.artifacts.path("plan").iterdir()}
    assert {"packages.lock", "packages.lock.patch", "plan.json"} <= plan


def test_a_tag_publishes_the_bytes_that_the_branch_built(
    repository: Repository, record: Record
) -> None:
    repository.write("click", "netifaces")
    branch = repository.push()
    record("first push", branch)

    run = repository.push_tag("bundle-7")
    record("tag", run)

    assert (branch.red, branch.built) == ([], 1)
    assert (run.red, run.builds) == ([], {})
    assert run.result("publish") == "success"
    calls = [call for call in repository.gh.calls if call.arguments[:1] == ["release"]]
    assert [call.arguments[:3] for call in calls] == [
        ["release", verb, "bundle-7"]
        for verb in ("view", "create", "download", "upload", "upload", "edit")
    ]
    assert {call.token for call in calls} == {TOKEN}
    (parts, last) = [call.arguments[3:] for call in calls if call.arguments[1] == "upload"]
    assert any(".tar.part" in word for word in parts)
    assert last == ["parts.json", "--clobber"]


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
