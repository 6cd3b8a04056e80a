"""
The generated GitHub workflow, run here: from the check to a sealed bundle, by the runner beside
this file, with real builds in podman.
"""

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.version import Version

from matrix.edge.programs import run as run_program

from .flow import ROOT, Tool, closed_interpreters, local_manifest
from .github_runner import prepared
from .github_runner.expressions import Expressions
from .github_runner.model import Event
from .github_runner.node import GitHubPackages
from .github_runner.running import Run, Runner
from .gitlab import commit
from .images import Images
from .podman import Podman

WORKFLOW = ".github/workflows/wheels.yml"
GH = """\
#!/bin/sh
printf "%s\\n" "$@" > {0}/gh-arguments
printf "%s\\n" "$GH_TOKEN" * > {0}/gh-surroundings
if test -e report; then cp report/summary.md {0}/gh-body; fi
"""
BROKEN = {"netifaces": {"environment": {"CC": "false", "LDSHARED": "false"}}}


@pytest.fixture(scope="module")
def packages(environment: Mapping[str, str], cache: Path) -> GitHubPackages:
    return GitHubPackages.installed(environment, directory=cache)


@pytest.fixture(scope="module")
def expressions(packages: GitHubPackages) -> Iterator[Expressions]:
    with packages.evaluating() as evaluator:
        yield evaluator


@pytest.fixture(scope="module")
def python(environment: Mapping[str, str], cache: Path) -> Path:
    return prepared.python(cache, environment)


@pytest.fixture(scope="module")
def wheel(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared.tool_wheel(tmp_path_factory.mktemp("tool"), environment)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository of somebody who uses this tool, with one Linux target and a broken past."""

    directory: Path
    runner: Runner
    tool: Tool
    manifest: Mapping[str, Any]

    def write(self, *projects: str, recipes: Mapping[str, Any] | None = None) -> str:
        """Commit a manifest of ``projects``, locked and generated as a user would; its commit."""
        wanted = {**self.manifest, "packages": list(projects), "recipes": dict(recipes or {})}
        text = yaml.safe_dump(wanted, sort_keys=False)
        (self.directory / "packages.yaml").write_text(text, encoding="utf-8")
        for verb in (("lock",), ("tool", "--lock"), ("generate",)):
            finished = self.tool(*verb)
            assert finished.succeeded, finished.output
        if not (self.directory / ".git").is_dir():
            commit(self.directory, environment=self.tool.environment)
        else:
            self._git("add", "--all")
            self._git("commit", "--quiet", "--message=another")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=e2e", "-c", "user.email=e2e@invalid")
        finished = run_program(
            ["git", *identity, "-c", "commit.gpgsign=false", *arguments],
            environment=self.tool.environment,
            directory=self.directory,
            timeout=60,
        )
        assert finished.succeeded, finished.output
        return finished.output


@pytest.fixture
def repository(
    tmp_path: Path,
    podman: Podman,
    images: Images,
    expressions: Expressions,
    python: Path,
    wheel: Path,
) -> Repository:
    directory = tmp_path / "repository"
    (directory / "tool").mkdir(parents=True)
    shutil.copy2(wheel, directory / "tool" / wheel.name)
    # netifaces has wheels for 3.9 and nothing newer.
    newest = max(closed_interpreters(images), key=lambda each: Version(each.version))
    manifest = yaml.safe_load(local_manifest([newest], projects=["click"]))
    bin_directory = tmp_path / "bin"
    bin_directory.mkdir()
    gh = bin_directory / "gh"
    gh.write_text(GH.format(tmp_path), encoding="utf-8")
    gh.chmod(0o755)
    path = os.pathsep.join([str(bin_directory), podman.environment["PATH"]])
    environment = {**podman.environment, "PATH": path}
    return Repository(
        directory=directory,
        runner=Runner(
            expressions=expressions,
            repository=directory,
            environment=environment,
            python=python,
            directory=tmp_path / "run",
        ),
        tool=Tool(directory=directory, environment=podman.environment),
        manifest={**manifest, "tool": f"tool/{wheel.name}"},
    )


Verify = Callable[[Run], dict[str, Any]]


@pytest.fixture
def verified(repository: Repository) -> Verify:
    """The bundle of a run, verified by a tool that took no part in it."""

    def verify(run: Run) -> dict[str, Any]:
        return repository.tool.json("verify", str(run.artifacts.path("bundle")))

    return verify


def builds(run: Run) -> dict[str, str]:
    return {
        one.name: one.result
        for job, ended in run.jobs.items()
        if job.startswith("build-")
        for one in ended
        if one.result != "skipped"
    }


def pull_request(base: str, head: str) -> Event:
    """Of a branch of this repository, not of a fork."""
    ours = {"repo": {"full_name": "group/project"}}
    payload = {"pull_request": {"number": 1, "base": {"sha": base}, "head": ours}}
    return Event(name="pull_request", ref="refs/pull/1/merge", sha=head, payload=payload)


def test_a_pull_request_ends_in_a_bundle_a_report_and_a_comment(
    repository: Repository, verified: Verify, tmp_path: Path
) -> None:
    base = repository.write("click")
    head = repository.write("click", "netifaces")

    run = repository.runner.run(WORKFLOW, pull_request(base, head))

    print(run.log)
    assert run.succeeded, run.log[-6000:]
    assert list(builds(run).values()) == ["success"]
    assert run.result("nothing-to-build") == "skipped"
    assert verified(run)["wheels"] == 2
    summary = run.jobs["plan"][0].summary
    assert "| netifaces |  | 0.11.0 | all |\n" in summary
    assert "| click" not in summary
    assert "| netifaces 0.11.0 | MIT" in summary
    assert run.result("comment") == "success"
    assert (tmp_path / "gh-arguments").read_text(encoding="utf-8").splitlines() == [
        *("pr", "comment", "1", "--repo", "group/project", "--edit-last", "--create-if-none"),
        *("--body-file", "report/summary.md"),
    ]
    surroundings = (tmp_path / "gh-surroundings").read_text(encoding="utf-8").splitlines()
    assert surroundings == ["a-token", "report"]
    assert (tmp_path / "gh-body").read_text(encoding="utf-8") == summary


def test_a_comment_that_is_refused_fails_no_run(repository: Repository, tmp_path: Path) -> None:
    head = repository.write("click")
    (tmp_path / "bin" / "gh").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")

    run = repository.runner.run(WORKFLOW, pull_request(head, head))

    print(run.log)
    assert run.result("comment") == "failure"
    assert run.result("bundle") == "success"
    assert run.succeeded, run.log[-6000:]


def test_a_build_that_fails_leaves_no_bundle_and_is_named(repository: Repository) -> None:
    head = repository.write("click", "netifaces", recipes=BROKEN)

    run = repository.runner.run(WORKFLOW, Event(name="push", ref="refs/heads/main", sha=head))

    print(run.log)
    failed = builds(run)
    assert list(failed.values()) == ["failure"]
    assert run.result("bundle") == "skipped"
    assert [name for name in run.artifacts.names if name != "plan"] == []
    assert "netifaces 0.11.0" in run.log[run.log.index(next(iter(failed))) :]


def test_a_plan_without_builds_says_so_and_is_bundled_all_the_same(
    repository: Repository, verified: Verify
) -> None:
    head = repository.write("click")

    run = repository.runner.run(WORKFLOW, Event(name="push", ref="refs/heads/main", sha=head))

    print(run.log)
    assert run.succeeded, run.log[-6000:]
    assert builds(run) == {}
    assert "nothing to build, every wheel of the plan exists" in run.log
    assert verified(run)["wheels"] == 1


def test_a_tag_publishes_what_was_sealed(repository: Repository, tmp_path: Path) -> None:
    head = repository.write("click")

    run = repository.runner.run(WORKFLOW, Event(name="push", ref="refs/tags/bundle-7", sha=head))

    print(run.log)
    assert run.succeeded, run.log[-6000:]
    assert run.result("publish") == "success"
    arguments = (tmp_path / "gh-arguments").read_text(encoding="utf-8").splitlines()
    assert arguments[:3] == ["release", "create", "bundle-7"]
    parts = [name for name in arguments if name.startswith("parts/") and ".tar.part" in name]
    assert len(parts) == 1
    assert {"parts/parts.json", "--verify-tag"} <= set(arguments)


def test_a_push_to_another_branch_runs_nothing(repository: Repository) -> None:
    head = repository.write("click")

    run = repository.runner.run(WORKFLOW, Event(name="push", ref="refs/heads/topic", sha=head))

    assert set(run.results.values()) == {"skipped"}


def test_github_s_own_parser_has_nothing_against_the_workflows(packages: GitHubPackages) -> None:
    workflows = sorted(ROOT.glob("tests/golden/*/.github/workflows/*.yml"))

    assert len(workflows) > 1
    assert packages.complaints([ROOT / WORKFLOW, *workflows]) == []
