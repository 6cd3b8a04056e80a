"""The verb `wait`: a release and the default branch's own run of its commit."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.store import branch_run
from matrix.store.branch_run import BranchRun, Release, wait_for_run
from matrix.store.github_api import GitHubApi

from .github_api import FORK, GitHubServer, Run
from .golden import cases

SHA = "a" * 40
TAG_RUN = Run(id=9, head_branch="bundle-1", head_sha=SHA, status="in_progress", conclusion="")
MAIN_RUN = Run(id=5, head_sha=SHA)
RELEASE = Release(
    commit=SHA, branch="main", workflow=".github/workflows/wheels.yml", run=str(TAG_RUN.id)
)


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer.running() as server:
        server.add_run(TAG_RUN)
        yield server


@dataclasses.dataclass
class Clock:
    """A clock that is moved by sleeping, and what happens at its seconds."""

    github: GitHubServer
    seconds: float = 0.0
    runs_by_second: dict[float, Run] = dataclasses.field(default_factory=dict)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        for second, run in self.runs_by_second.items():
            if second <= self.seconds:
                self.github.runs[run.id] = run


def wait(github: GitHubServer, clock: Clock, *, seconds: float = 3600.0) -> BranchRun:
    api = GitHubApi.open(github.environment(TAG_RUN.id))
    return wait_for_run(api, RELEASE, seconds=seconds, now=clock.now, sleep=clock.sleep)


def test_a_run_that_succeeded_is_found_at_once(github: GitHubServer) -> None:
    github.add_run(MAIN_RUN)
    clock = Clock(github)

    assert wait(github, clock) == BranchRun(id="5")
    assert clock.seconds == 0


def test_a_run_of_the_merge_queue_is_one_of_the_branch(github: GitHubServer) -> None:
    queue = "gh-readonly-queue/main/pr-7"
    github.add_run(dataclasses.replace(MAIN_RUN, event="merge_group", head_branch=queue))

    assert wait(github, Clock(github)) == BranchRun(id="5")


def test_a_run_that_has_not_ended_is_waited_for(github: GitHubServer) -> None:
    running = dataclasses.replace(MAIN_RUN, status="in_progress", conclusion="")
    github.add_run(running)
    clock = Clock(github, runs_by_second={600.0: MAIN_RUN})

    assert wait(github, clock) == BranchRun(id="5")
    assert 600 <= clock.seconds < 660


def test_a_run_that_starts_after_the_tag_is_waited_for(github: GitHubServer) -> None:
    clock = Clock(github, runs_by_second={60.0: MAIN_RUN})

    assert wait(github, clock) == BranchRun(id="5")


def test_a_commit_without_a_run_is_told_after_two_minutes(github: GitHubServer) -> None:
    clock = Clock(github)

    assert wait(github, clock) == BranchRun(reason="main has no run of this commit")
    assert clock.seconds == branch_run.SECONDS_TO_APPEAR


def test_a_run_that_does_not_end_is_waited_for_until_the_limit(github: GitHubServer) -> None:
    github.add_run(dataclasses.replace(MAIN_RUN, status="queued", conclusion=""))
    clock = Clock(github)

    assert wait(github, clock) == BranchRun(reason="the run of main had not ended after 60 minutes")
    assert clock.seconds == 3600


@pytest.mark.parametrize("conclusion", ["cancelled", "failure", "timed_out", "startup_failure"])
def test_a_run_without_success_is_told_with_its_end(github: GitHubServer, conclusion: str) -> None:
    github.add_run(dataclasses.replace(MAIN_RUN, conclusion=conclusion))

    assert wait(github, Clock(github)) == BranchRun(
        reason=f"no run of this commit succeeded on the default branch: {conclusion}"
    )


def test_one_success_among_several_runs_is_enough(github: GitHubServer) -> None:
    github.add_run(dataclasses.replace(MAIN_RUN, id=6, conclusion="cancelled"))
    github.add_run(dataclasses.replace(MAIN_RUN, id=7, status="queued", conclusion=""))
    github.add_run(MAIN_RUN)

    assert wait(github, Clock(github)) == BranchRun(id="5")


@pytest.mark.parametrize(
    "other",
    [
        {"head_repository": FORK},
        {"event": "pull_request"},
        {"event": "pull_request_target"},
        {"path": ".github/workflows/other.yml"},
        {"head_branch": "topic"},
        {"head_branch": "bundle-2"},
        {"head_sha": "b" * 40},
    ],
    ids=str,
)
def test_a_run_of_something_else_does_not_count(
    github: GitHubServer, other: dict[str, str]
) -> None:
    github.add_run(dataclasses.replace(MAIN_RUN, **other))  # type: ignore[arg-type]

    assert wait(github, Clock(github)).id == ""


# the verb


def run_verb(
    github: GitHubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *options: str,
    manifest: str = "",
    **variables: str,
) -> int:
    path = tmp_path / "packages.yaml"
    shutil.copy(cases.ROOT / "one-linux" / "packages.yaml", path)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(manifest)
    environment = github.environment(TAG_RUN.id, GITHUB_REF="refs/tags/bundle-1", GITHUB_SHA=SHA)
    for name, value in {**environment, **variables}.items():
        monkeypatch.setenv(name, value)
    return main(["wait", "--manifest", str(path), *options])


def test_the_verb_names_the_run(
    github: GitHubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    github.add_run(MAIN_RUN)
    output = tmp_path / "output"

    assert run_verb(github, tmp_path, monkeypatch, "--outputs", str(output)) == 0

    assert capsys.readouterr().out == "run 5 of the default branch built this commit\n"
    assert output.read_text(encoding="utf-8") == "untested=\n"


def test_an_untested_release_is_built_with_a_warning(
    github: GitHubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    github.add_run(dataclasses.replace(MAIN_RUN, conclusion="cancelled"))
    output = tmp_path / "output"

    assert run_verb(github, tmp_path, monkeypatch, "--outputs", str(output)) == 0

    reason = "no run of this commit succeeded on the default branch: cancelled"
    assert f"{reason}; this release builds what is missing (untested: build)" in (
        capsys.readouterr().err
    )
    assert output.read_text(encoding="utf-8") == f"untested={reason}\n"


def test_an_untested_release_is_refused_where_the_manifest_says_so(
    github: GitHubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    github.add_run(dataclasses.replace(MAIN_RUN, conclusion="cancelled"))

    assert run_verb(github, tmp_path, monkeypatch, manifest="untested: refuse\n") == 11

    assert capsys.readouterr().err == (
        "bundle-1: no run of this commit succeeded on the default branch: cancelled\n"
        "  hint: start the workflow on the default branch, then run this job again\n"
    )


def test_a_commit_that_is_not_on_the_branch_is_refused(
    github: GitHubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    github.history_by_branch = {"main": ["c" * 40], "topic": ["c" * 40, SHA]}

    assert run_verb(github, tmp_path, monkeypatch) == 11

    assert capsys.readouterr().err == (
        f"bundle-1: the commit {SHA[:12]} is not on the branch 'main'\n"
        "  hint: merge it, and move the tag to the merged commit\n"
    )


@pytest.mark.parametrize(
    ("variables", "options", "message"),
    [
        ({"GITHUB_REF": "refs/heads/main"}, (), "expected a run of GitHub at the tag of a release"),
        ({"GITHUB_TOKEN": ""}, (), "not set: GITHUB_TOKEN"),
        ({}, ("--minutes", "-1"), "--minutes: expected 0 to 1440, got -1"),
    ],
)
def test_what_cannot_be_waited_for_is_an_error(
    github: GitHubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    options: tuple[str, ...],
    message: str,
) -> None:
    assert run_verb(github, tmp_path, monkeypatch, *options, **variables) == 2

    assert capsys.readouterr().err == f"wait: {message}\n"
