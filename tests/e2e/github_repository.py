"""A repository of somebody who uses this tool, on a small GitHub, with act as its runners."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from matrix.edge.programs import run as run_program

from .. import github_api
from ..github_api import REPOSITORY, GitHubServer
from .acting import Act, Event, Run
from .artifacts import list_artifacts
from .flow import Tool
from .gh import Gh
from .gitlab import commit

BROKEN: Final = {"environment": {"CC": "false", "LDSHARED": "false"}}
"""A recipe with which nothing compiles."""


@dataclasses.dataclass(kw_only=True)
class Repository:
    """What is committed, the runs so far, and who answers them."""

    directory: Path
    act: Act
    tool: Tool
    manifest: Mapping[str, Any]
    api: GitHubServer
    gh: Gh
    runs: int = 0

    # what is committed

    def write(
        self,
        *projects: str | Mapping[str, Any],
        recipes: Mapping[str, Any] | None = None,
        is_locked: bool = True,
        **keys: object,
    ) -> str:
        """Commit a manifest of ``projects``, locked and generated as a user would; its commit."""
        wanted = {**self.manifest, "packages": list(projects), "recipes": dict(recipes or {})}
        text = yaml.safe_dump({**wanted, **keys}, sort_keys=False)
        (self.directory / "packages.yaml").write_text(text, encoding="utf-8")
        verbs: Sequence[tuple[str, ...]] = (("tool", "--lock"), ("generate",))
        for verb in (("lock",), *verbs) if is_locked else verbs:
            finished = self.tool(*verb)
            assert finished.succeeded, finished.output
        return self.commit()

    def commit(self) -> str:
        """Commit what lies in the work tree; the commit."""
        if not (self.directory / ".git").is_dir():
            commit(self.directory, environment=self.tool.environment)
        else:
            self.git("add", "--all")
            self.git("commit", "--quiet", "--allow-empty", "--message=another")
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=e2e", "-c", "user.email=e2e@invalid")
        finished = run_program(
            ["git", *identity, "-c", "commit.gpgsign=false", *arguments],
            environment=self.tool.environment,
            directory=self.directory,
            timeout=60,
        )
        assert finished.succeeded, finished.output
        return finished.output

    # what starts runs

    def push(self) -> Run:
        """Run what a push of HEAD to the default branch starts."""
        return self.run(self.make_push())

    def make_push(self) -> Event:
        self.runs += 1
        return Event(name="push", ref="refs/heads/main", sha=self.head, run=self.runs)

    def push_tag(self, tag: str) -> Run:
        """Run what a push of a tag at HEAD starts."""
        self.runs += 1
        return self.run(Event(name="push", ref=f"refs/tags/{tag}", sha=self.head, run=self.runs))

    def request(
        self, base: str, *, number: int = 1, fork: str = REPOSITORY, branch: str = "topic"
    ) -> Run:
        """Run what a pull request of HEAD into ``base`` starts, from a branch of ``fork``."""
        self.runs += 1
        repo = {"full_name": fork, "fork": fork != REPOSITORY}
        payload = {
            "number": number,
            "pull_request": {
                "number": number,
                "base": {"sha": base, "ref": "main"},
                "head": {"repo": repo, "sha": self.head, "ref": branch},
            },
        }
        event = Event(
            name="pull_request",
            ref=f"refs/pull/{number}/merge",
            sha=self.head,
            run=self.runs,
            payload=payload,
        )
        return self.run(event)

    def queue(self) -> Run:
        """Run what a merge queue starts for HEAD, which the default branch has not yet."""
        self.runs += 1
        branch = f"gh-readonly-queue/main/pr-1-{self.head}"
        event = Event(
            name="merge_group", ref=f"refs/heads/{branch}", sha=self.head, run=self.runs,
            payload={"merge_group": {"head_sha": self.head, "base_ref": "refs/heads/main"}},
        )  # fmt: skip
        return self.run(event)

    def dispatch(self, ref: str = "refs/heads/main", **inputs: str) -> Run:
        """Run what a person starts at HEAD, by hand."""
        self.runs += 1
        event = Event(
            name="workflow_dispatch", ref=ref, sha=self.head, run=self.runs,
            payload={"inputs": inputs},
        )  # fmt: skip
        return self.run(event)

    def run(self, event: Event) -> Run:
        """Run the workflow for ``event``; GitHub knows the run, its commit and its artifacts."""
        self.note_start(event)
        running = self.act.start(event, GITHUB_API_URL=self.api.api)
        ended = running.wait(timeout=600)
        self.note_end(event, ended)
        return ended

    def note_start(self, event: Event) -> None:
        request = event.payload.get("pull_request")
        run = github_api.Run(
            id=event.run,
            head_branch=request["head"]["ref"] if request else event.branch,
            head_sha=request["head"]["sha"] if request else event.sha,
            event=event.name,
            head_repository=request["head"]["repo"]["full_name"] if request else REPOSITORY,
            run_attempt=event.attempt,
            pull_requests=(request["number"],) if request else (),
            status="in_progress",
            conclusion="",
        )
        is_on_branch = event.name in {"push", "workflow_dispatch"}
        self.api.add_run(run, is_on_branch=is_on_branch)

    def note_end(self, event: Event, run: Run) -> None:
        """Tell GitHub how the run ended, and what it uploaded."""
        noted = self.api.runs[event.run]
        conclusion = "failure" if run.red else "success"
        self.api.runs[event.run] = dataclasses.replace(
            noted, status="completed", conclusion=conclusion
        )
        known = {artifact.id for artifact in self.api.artifacts}
        for artifact in list_artifacts(self.act.artifacts):
            if artifact.id in known:
                continue
            contents = {
                path.relative_to(artifact.files).as_posix(): path.read_bytes()
                for path in sorted(artifact.files.rglob("*"))
                if path.is_file()
            }
            made = self.api.upload(int(artifact.run), artifact.name, contents)
            self.api.artifacts[-1] = dataclasses.replace(
                made, id=artifact.id, created_at=artifact.created_at
            )

    def verify(self, run: Run) -> dict[str, Any]:
        """The bundle of a run, verified by a tool that took no part in it."""
        return self.tool.json("verify", str(run.artifacts.path("bundle")))
