"""The runs of a repository, as GitHub knows them, each asked for once."""

from typing import Final
from urllib.parse import quote

from matrix.index.tasks import TaskPool
from matrix.store.github_api import GitHubApi
from matrix.store.github_trust import (
    ON_BRANCH,
    REQUEST_EVENT,
    Reader,
    RunOfGitHub,
    judge,
    needs_comparison,
)

_IDENTICAL: Final = "identical"


class GitHubRuns:
    """Facts of runs, and how their commits stand to ``branch``, the default branch."""

    def __init__(self, api: GitHubApi, *, branch: str, run: str, workflow: str) -> None:
        self._api = api
        self._branch = branch
        self._run = run
        self._workflow = workflow
        self._tasks = TaskPool(1)

    @property
    def own(self) -> str:
        """The id of the run that asks; empty outside of one."""
        return self._run

    @property
    def branch(self) -> str:
        """The default branch."""
        return self._branch

    def find_reader(self) -> Reader:
        """The run that asks: what a variable says of a fork's branch is not believed."""
        run = self.get(self._run)
        if run is None:
            return Reader(workflow=self._workflow)
        is_request = run.event == REQUEST_EVENT and run.is_own
        return Reader(
            workflow=run.path or self._workflow,
            request_branch=run.head_branch if is_request else "",
        )

    def get(self, number: str) -> RunOfGitHub | None:
        """A run by its id; None where the repository has no such run."""
        if not (number.isascii() and number.isdigit()):
            return None

        def ask() -> RunOfGitHub | None:
            answer = self._api.get(f"/actions/runs/{number}", wanted=f"run {number}")
            return RunOfGitHub.of(answer) if isinstance(answer, dict) else None

        return self._tasks.run(("run", number), ask)

    def judge(self, number: str, reader: Reader) -> str:
        """Why the wheels of a run are not used; empty when they are."""
        run = self.get(number)
        if run is None:
            return "the repository has no such run"
        standing = ""
        if needs_comparison(run) and not judge(run, reader, standing=_IDENTICAL):
            standing = self._compare(run.head_sha)
        return judge(run, reader, standing=standing)

    def is_on_branch(self, name: str) -> bool:
        """Whether the commit of a tag is on the default branch as it is now."""
        return self._compare(name) in ON_BRANCH

    def _compare(self, commit: str) -> str:
        """How a commit stands to the default branch as it is now; empty when it is not known."""

        def ask() -> str:
            path = f"/compare/{quote(self._branch, safe='')}...{quote(commit, safe='')}"
            answer = self._api.get(path, wanted=f"the place of {commit[:12]}", per_page="1")
            return str(answer.get("status") or "") if isinstance(answer, dict) else ""

        return self._tasks.run(("compare", commit), ask)
