"""
The default branch's own run of a commit, which a release of the commit waits for.

A tag is often pushed together with its commit, or seconds after: the release would build other
bytes than the branch builds at the same time. And a run may never come: GitHub keeps one waiting
run for each branch, so that of commits in between is dropped.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from matrix.store.github_api import GitHubApi
from matrix.store.github_trust import ON_BRANCH, PROTECTED_EVENTS, RunOfGitHub

QUEUE_EVENT: Final = "merge_group"
SECONDS_BETWEEN: Final = 30.0
"""Two requests a minute: 1,000 an hour are for all jobs of a repository."""
SECONDS_TO_APPEAR: Final = 120.0
"""How long a run may take to be listed after a push."""
_PAGES: Final = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BranchRun:
    """How the branch's run of a commit ended."""

    id: str = ""
    """The run that succeeded; empty where none did."""
    reason: str = ""
    """Why there is none, for the record of the release."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The commit that is released, and where it must have been built."""

    commit: str
    branch: str
    workflow: str
    """The path of the workflow in the repository."""
    run: str
    """The run that asks."""


def is_on_branch(api: GitHubApi, release: Release) -> bool:
    """Whether the default branch holds the commit of a release now."""
    path = f"/compare/{quote(release.branch, safe='')}...{quote(release.commit, safe='')}"
    answer = api.get(path, wanted=f"the place of {release.commit[:12]}", per_page="1")
    return isinstance(answer, dict) and answer.get("status") in ON_BRANCH


def wait_for_run(
    api: GitHubApi,
    release: Release,
    *,
    seconds: float,
    now: Callable[[], float],
    sleep: Callable[[float], object],
    say: Callable[[str], object] = lambda _: None,
) -> BranchRun:
    """The branch's run of a release's commit once it has ended, waited for at most ``seconds``."""
    start = now()
    while True:
        rows = _list_runs(api, release)
        verdict = _judge(rows)
        waited = now() - start
        if verdict is None and not rows and waited >= min(SECONDS_TO_APPEAR, seconds):
            return BranchRun(reason=f"{release.branch} has no run of this commit")
        if verdict is not None:
            return verdict
        if waited >= seconds:
            minutes = round(seconds / 60)
            what = f"the run of {release.branch} had not ended after {minutes} minutes"
            return BranchRun(reason=what)
        names = ", ".join(str(row.get("id")) for row in rows) or "a run to appear"
        say(f"waiting for the run of {release.branch} that builds this commit: {names}")
        sleep(min(SECONDS_BETWEEN, max(seconds - waited, 1.0)))


def _list_runs(api: GitHubApi, release: Release) -> list[Mapping[str, Any]]:
    """The protected runs of the commit; a tag's own run is none of the branch."""
    rows = api.list_rows(
        "/actions/runs",
        key="workflow_runs",
        wanted=f"the runs of {release.commit[:12]}",
        pages=_PAGES,
        head_sha=release.commit,
    )
    return [row for row in rows if _counts(RunOfGitHub.of(row), release)]


def _counts(run: RunOfGitHub, release: Release) -> bool:
    is_of_branch = run.event == QUEUE_EVENT or run.head_branch == release.branch
    return (
        run.is_own
        and run.path == release.workflow
        and run.head_sha == release.commit
        and run.event in PROTECTED_EVENTS
        and is_of_branch
        and run.id != release.run
    )


def _judge(rows: Iterable[Mapping[str, Any]]) -> BranchRun | None:
    """The best run that has ended; none where another may still succeed, or there is no run."""
    runs = list(rows)
    good = next((row for row in runs if row.get("conclusion") == "success"), None)
    if good is not None:
        return BranchRun(id=str(good.get("id")))
    if not runs or any(row.get("status") != "completed" for row in runs):
        return None
    ends = ", ".join(sorted({str(row.get("conclusion") or "unknown") for row in runs}))
    return BranchRun(reason=f"no run of this commit succeeded on the default branch: {ends}")
