"""
What GitLab's pipelines build again, and what not: run after run of one repository, for real.

gitlab-ci-local runs the jobs, a small GitLab answers them, podman builds.
"""

import dataclasses
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.version import Version

from matrix.record import ed25519
from tests.gitlab_api import GitLabServer, Variable
from tests.gitlab_api import Pipeline as ServerPipeline

from . import prepared
from .flow import Tool, closed_interpreters, local_manifest
from .gitlab import GitLabLocal, Pipeline, _git, commit, commit_again, read_head
from .images import Images
from .podman import Podman
from .scenario_table import PROPERTY

SEED = bytes(range(32))
BROKEN = {"netifaces": {"environment": {"CC": "false", "LDSHARED": "false"}}}
# gitlab-ci-local gives every job an id of its own, which a real job has too.
OWN_OF_EACH_JOB = {"CI_JOB_ID"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository of somebody who uses this tool, and the GitLab that it lives on."""

    checkout: Path
    tool: Tool
    gitlab: GitLabServer
    local: GitLabLocal

    def write(self, *, recipes: Mapping[str, Any] | None = None, **more: object) -> None:
        """Write the manifest; lock, and generate."""
        path = self.checkout / "packages.yaml"
        manifest = yaml.safe_load(path.read_text("utf-8"))
        manifest |= {"recipes": dict(recipes or {}), **more}
        path.write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
        for verb in (("lock",), ("tool", "--lock"), ("generate",)):
            finished = self.tool(*verb)
            assert finished.succeeded, finished.output

    def push(self) -> None:
        """Commit everything, to the default branch."""
        if (self.checkout / ".git").is_dir():
            commit_again(self.checkout, environment=self.local.environment)
            bare = str(self.checkout.parent / "remote.git")
            _git(self.checkout, "push", "--quiet", bare, "main", environment=self.local.environment)
        else:
            commit(self.checkout, environment=self.local.environment)
            self._serve_git()
        head = read_head(self.checkout, environment=self.local.environment)
        self.gitlab.history.append(head)

    def start(self, *, tag: str = "", request: int = 0) -> ServerPipeline:
        """Start the pipeline of the commit, of a tag or of a merge request."""
        sha = read_head(self.checkout, environment=self.local.environment)
        return self.gitlab.start_pipeline(
            tag or "main", sha=sha, tag=bool(tag), **({"request": request} if request else {})
        )

    def run(self, started: ServerPipeline, *, timeout: float = 400) -> Pipeline:
        """Run the jobs of a pipeline; run again, its jobs are tried again."""
        pipeline = self.local.run(
            self.checkout, variables={}, timeout=timeout, settings=self._settings(started)
        )
        print(pipeline.output)
        return pipeline

    def _settings(self, started: ServerPipeline) -> dict[str, str | Mapping[str, str]]:
        settings: dict[str, str | Mapping[str, str]] = {
            name: value
            for name, value in self.gitlab.start_job(started).items()
            if name not in OWN_OF_EACH_JOB
        }
        if started.tag:
            settings["CI_COMMIT_BRANCH"] = ""
        for name, variable in self.gitlab.variables.items():
            if self.gitlab.is_protected(started):
                settings[name] = {variable.environment: variable.value}
        return settings

    def _serve_git(self) -> None:
        """Let the remote's address lead to a repository on this machine."""
        bare = self.checkout.parent / "remote.git"
        run = self.local.environment
        _git(self.checkout, "clone", "--quiet", "--bare", ".", str(bare), environment=run)
        name, remote = f"url.{bare}.insteadOf", "https://gitlab.example/group/project.git"
        _git(self.checkout, "config", name, remote, environment=run)


Add = Callable[[str, Pipeline], None]


@pytest.fixture
def add_row(record_property: Callable[[str, object], None]) -> Add:
    """Add a pipeline to the table of scenarios."""

    def add(scenario: str, pipeline: Pipeline) -> None:
        *_, (number, unit) = re.findall(r"pipeline finished in ([0-9.]+) (\w+)", pipeline.output)
        minutes = float(number) / (60 if unit == "s" else 1)
        jobs = pipeline.passed | pipeline.failed
        red = ", ".join(sorted(pipeline.failed))
        row = (scenario, "gitlab", len(jobs), len(builds(pipeline)), red, f"{minutes:.1f}")
        record_property(PROPERTY, [str(cell) for cell in row])

    return add


def builds(pipeline: Pipeline) -> set[str]:
    """The jobs that built, by the projects in their names."""
    jobs = pipeline.passed | pipeline.failed
    return {job.partition(": ")[2] for job in jobs if job.startswith("build-")}


@pytest.fixture
def gitlab_server() -> Iterator[GitLabServer]:
    with GitLabServer.running() as server:
        server.variables["WHEELYARD_STORE_KEY"] = Variable(
            value=SEED.hex(), environment="wheelyard-store"
        )
        yield server


@pytest.fixture
def repository(
    tmp_path: Path,
    podman: Podman,
    images: Images,
    environment: Mapping[str, str],
    cache: Path,
    gitlab: GitLabLocal,
    gitlab_server: GitLabServer,
) -> Repository:
    checkout = tmp_path / "checkout"
    (checkout / "tool").mkdir(parents=True)
    wheel = prepared.tool_wheel(checkout / "tool", environment)
    # netifaces has wheels for 3.9 and nothing newer.
    newest = max(closed_interpreters(images), key=lambda each: Version(each.version))
    manifest = yaml.safe_load(local_manifest([newest], projects=["click"]))
    packages = [{"requirement": name, "source": "build"} for name in ("click", "netifaces")]
    manifest |= {"packages": packages, "tool": f"tool/{wheel.name}"}
    manifest["gitlab"] = {"store-key": ed25519.derive_key(SEED).hex()}
    text = yaml.safe_dump(manifest, sort_keys=False)
    (checkout / "packages.yaml").write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(prepared.python(cache, environment)), gitlab.environment["PATH"]])
    return Repository(
        checkout=checkout,
        tool=Tool(directory=checkout, environment=podman.environment),
        gitlab=gitlab_server,
        local=dataclasses.replace(gitlab, environment={**gitlab.environment, "PATH": path}),
    )


def test_only_what_is_missing_is_built_and_a_tag_releases_what_the_branch_tested(
    repository: Repository, tmp_path: Path, add_row: Add
) -> None:
    # One of two builds fails: the other one is kept, and no bundle is made.
    repository.write(recipes=BROKEN)
    repository.push()
    first = repository.run(repository.start())
    add_row("one of two builds fails", first)
    assert builds(first) == {"click", "netifaces"}
    assert {job.partition(": ")[2] for job in first.failed} == {"netifaces"}
    assert "keep" in first.passed
    assert "bundle" not in first.passed

    # The next commit builds the one that failed.
    repository.write()
    repository.push()
    second = repository.run(repository.start())
    add_row("the next commit", second)
    assert builds(second) == {"netifaces"}
    assert second.succeeded, second.output[-4000:]
    assert "bundle" in second.passed

    # Nothing changed: nothing is built.
    third = repository.run(repository.start())
    add_row("nothing changed", third)
    assert builds(third) == set()
    assert "nothing-to-build" in third.passed
    assert third.succeeded, third.output[-4000:]

    # A tag releases the bytes that the default branch has tested.
    head = read_head(repository.checkout, environment=repository.local.environment)
    repository.gitlab.tags["bundle-1"] = head
    started = repository.start(tag="bundle-1")
    released = repository.run(started)
    add_row("release tag", released)
    assert released.succeeded, released.output[-4000:]
    assert builds(released) == set()
    assert {"tag", "parts", "publish"} <= released.passed
    assert "bundle" not in released.passed
    (release,) = repository.gitlab.releases
    links = [link["name"] for link in release.links]
    files = {
        file.name: file.content
        for package in repository.gitlab.packages
        if package.version == "bundle-1"
        for file in package.files
    }
    assert sorted(links) == sorted(files)
    assert {"parts.json", "NOTES.md"} < files.keys()

    # Tried again, a release changes nothing and ends well.
    again = repository.run(started)
    add_row("release, tried again", again)
    assert again.succeeded, again.output[-4000:]
    assert [link["name"] for link in release.links] == links
    (tagged,) = [p for p in repository.gitlab.packages if p.version == "bundle-1"]
    assert len(tagged.files) == len(links)

    # What was released is verified by whoever downloads it.
    parts = tmp_path / "downloaded"
    parts.mkdir()
    for name, content in files.items():
        (parts / name).write_bytes(content)
    facts = repository.tool.json("verify", str(parts))
    assert facts["wheels"] == 2
    shutil.rmtree(parts)


def test_a_merge_request_with_a_stale_lock_is_planned_reported_and_red(
    repository: Repository, add_row: Add
) -> None:
    path = repository.checkout / "packages.yaml"
    manifest = yaml.safe_load(path.read_text("utf-8"))
    repository.write(packages=["click"])
    path.write_text(yaml.safe_dump({**manifest, "packages": ["click", "six"]}), encoding="utf-8")
    assert repository.tool("generate").succeeded
    repository.push()

    pipeline = repository.run(repository.start(request=3))
    add_row("stale lock", pipeline)

    assert pipeline.failed == {"lock"}
    assert {"check", "plan", "report", "replan", "bundle"} <= pipeline.passed
    assert "keep" not in pipeline.passed
    assert not (pipeline.artifacts("bundle") / "release").exists()
    summary = pipeline.artifacts("report") / "report" / "summary.md"
    assert "packages.lock" in summary.read_text("utf-8").partition("##")[0]
    assert (pipeline.artifacts("plan") / "plan" / "packages.lock.patch").is_file()
