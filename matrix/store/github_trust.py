"""
Whether the wheels of a run of GitHub may be used: by the provider's facts alone.

A run is trusted when its commit is on the default branch *now*, its workflow is this one, and the
event took the workflow from there: then the run was reviewed like everything else on that branch. A
merge queue's run becomes trusted when its commit lands. A run of a pull request is never trusted,
also where its commit has landed: it built the workflow of the request. Later pushes of the same
request may use it, and nothing else. A fork's run is used by nothing.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

PROTECTED_EVENTS: Final = frozenset({"push", "merge_group", "schedule", "workflow_dispatch"})
REQUEST_EVENT: Final = "pull_request"
ON_BRANCH: Final = frozenset({"behind", "identical"})
"""What a comparison of the default branch with a commit says when the branch holds the commit."""

TRUSTED: Final = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunOfGitHub:
    """What GitHub says of a run."""

    id: str
    event: str
    path: str
    """The file of its workflow."""
    head_branch: str
    head_sha: str
    is_own: bool
    """Whether its commits come from this very repository, and not from a fork."""
    url: str = ""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "RunOfGitHub":
        """The run that an answer describes; what it does not say is empty, and not trusted."""
        repository, head = answer.get("repository") or {}, answer.get("head_repository") or {}
        return cls(
            id=str(answer.get("id") or ""),
            event=str(answer.get("event") or ""),
            # A reusable workflow's path has its ref behind it.
            path=str(answer.get("path") or "").partition("@")[0],
            head_branch=str(answer.get("head_branch") or ""),
            head_sha=str(answer.get("head_sha") or ""),
            is_own=bool(repository.get("id")) and repository.get("id") == head.get("id"),
            url=str(answer.get("html_url") or ""),
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The run that asks."""

    workflow: str
    """The file of its workflow."""
    request_branch: str = ""
    """The branch of its pull request in this repository; empty for other runs."""


def judge_origin(run: RunOfGitHub, reader: Reader) -> str:
    """Why ``run`` is refused whatever its commit is; empty when that decides."""
    if not run.is_own:
        return "it is of a fork"
    if run.path != reader.workflow:
        return f"its workflow is {run.path or 'not known'}, not {reader.workflow}"
    if run.event == REQUEST_EVENT:
        if reader.request_branch and run.head_branch == reader.request_branch:
            return TRUSTED
        return "it is of a pull request"
    if run.event not in PROTECTED_EVENTS:
        return f"its event is {run.event or 'not known'}"
    return TRUSTED


def needs_comparison(run: RunOfGitHub) -> bool:
    """Whether the place of its commit decides."""
    return run.event != REQUEST_EVENT


def judge(run: RunOfGitHub, reader: Reader, *, standing: str) -> str:
    """
    Why the wheels of ``run`` are not used; empty when they are.

    ``standing`` is how its commit stands to the default branch, as a comparison says it.
    """
    if reason := judge_origin(run, reader):
        return reason
    if needs_comparison(run) and standing not in ON_BRANCH:
        return "its commit is not on the default branch"
    return TRUSTED
