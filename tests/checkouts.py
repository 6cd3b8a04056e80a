"""A checkout of real git, with a manifest, a lock and an index of its own, and the runs in it."""

import dataclasses
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from matrix.cli import main

from .index_server import IndexServer
from .manifests import text
from .wheels import make_sdist, make_wheel

ADDRESS = "https://github.example/acme/wheels/actions/runs/9001"


def git(directory: Path, *arguments: str, **variables: str) -> str:
    """Run git as a person without configuration; its output comes back."""
    environment = {
        **{name: value for name, value in os.environ.items() if name in {"PATH", "SYSTEMROOT"}},
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Jane"),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "jane@example"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(directory),
        **variables,
    }
    command = ["git", "-C", str(directory), *arguments]
    finished = subprocess.run(
        command,
        env=environment,
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkout:
    """A repository whose manifest wants a pure project and one that must be built."""

    directory: Path
    index: IndexServer

    @classmethod
    def make(cls, directory: Path, index: IndexServer) -> "Checkout":
        index.add(make_wheel(index.directory, "six", "1.0"))
        index.add(make_sdist(index.directory, "native", "2.0"))
        directory.mkdir(exist_ok=True)
        checkout = cls(directory=directory, index=index)
        checkout.write("six")
        git(directory, "init", "--quiet", "--initial-branch", "main")
        return checkout

    def write(self, *packages: str, more: str = "") -> None:
        """Write the manifest."""
        network = f"network: {{index: '{self.index.url}'}}\n"
        manifest = text(*packages, more=network + more)
        (self.directory / "packages.yaml").write_text(manifest, encoding="utf-8")

    def commit(self, when: str = "2026-11-27T14:32:05+00:00") -> str:
        """Commit manifest and lock, with a committer's date; the commit's name comes back."""
        git(self.directory, "add", "packages.*")
        git(
            self.directory,
            *("commit", "--quiet", "--message", "Change", "--date", "2020-01-01T00:00:00Z"),
            GIT_COMMITTER_DATE=when,
        )
        return git(self.directory, "rev-parse", "HEAD")

    def run(self, verb: str, *arguments: str | Path) -> int:
        """Run a verb on the manifest; the exit code comes back."""
        cache = self.directory.parent / "cache"
        common = ("--manifest", str(self.directory / "packages.yaml"), "--cache", str(cache))
        return main([verb, *map(str, arguments), *common])

    def read_json(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads((self.directory / path).read_text(encoding="utf-8"))


def enter_github(
    monkeypatch: pytest.MonkeyPatch, directory: Path, commit: str, **changes: str
) -> None:
    """Set the variables of a push to the default branch, with ``changes``."""
    payload = {"repository": {"default_branch": "main", "full_name": "acme/wheels"}}
    event = directory / "event.json"
    event.write_text(json.dumps(payload), encoding="utf-8")
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "jane",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_PROTECTED": "true",
        "GITHUB_REPOSITORY": "acme/wheels",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "9001",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_SHA": commit,
    }
    _set(monkeypatch, variables | changes)


def enter_gitlab(monkeypatch: pytest.MonkeyPatch, commit: str, **changes: str) -> None:
    """Set the variables of a push to the default branch, with ``changes``."""
    variables = {
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_REF_NAME": "main",
        "CI_COMMIT_REF_PROTECTED": "true",
        "CI_COMMIT_SHA": commit,
        "CI_COMMIT_TIMESTAMP": "2026-11-27T15:32:05+01:00",
        "CI_DEFAULT_BRANCH": "main",
        "CI_PIPELINE_ID": "12",
        "CI_PIPELINE_SOURCE": "push",
        "CI_PIPELINE_URL": "https://gitlab.example/acme/wheels/-/pipelines/12",
        "CI_PROJECT_PATH": "acme/wheels",
        "GITLAB_CI": "true",
    }
    _set(monkeypatch, variables | changes)


def _set(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
