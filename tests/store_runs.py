"""Repositories whose runs are commands of a test: what a pipeline calls, against a small GitHub."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from matrix.cli import main
from matrix.plan import handover, planfile
from matrix.plan.handover import BuildNote
from matrix.plan.model import Plan

from .github_api import GitHubServer, Run
from .index_server import IndexServer
from .wheels import make_sdist, make_wheel

MANIFEST = """\
bundle: small
targets:
  prod: {{platform: manylinux_2_28_x86_64, python: [3.9.18, 3.12.4]}}
runners:
  - {{match: "*", github: ubuntu-24.04, gitlab: [linux]}}
network: {{index: "{url}"}}
packages: [fast, slow]
"""
TAG = "cp38-abi3-manylinux_2_17_x86_64"


@dataclasses.dataclass(kw_only=True)
class Repository:
    """A repository whose runs are commands of this test."""

    root: Path
    github: GitHubServer
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    home: Path
    """The directory of the machine that runs now."""
    counter: int = 0

    def command(self, *arguments: str) -> int:
        return main([*arguments, "--manifest", str(self.root / "packages.yaml")])

    def plan(self, run: int, *more: str) -> tuple[Plan, str]:
        """The plan of a run on a machine of its own, and what it said on stderr."""
        self.enter(run)
        code = self.command("plan", "--provider", "github", "--out", str(self.home / "plan"), *more)
        said = self.capture.readouterr().err
        assert code == 0, said
        path = self.home / "plan" / "plan.json"
        return planfile.parse(path.read_text("utf-8"), source="plan.json"), said

    def enter(self, run: int) -> None:
        self.counter += 1
        self.home = self.root.parent / f"machine{self.counter}"
        for name, value in self.github.environment(run).items():
            self.patch.setenv(name, value)
        self.patch.setenv("XDG_CACHE_HOME", str(self.home / "cache"))

    def build(self, plan: Plan, *projects: str, content: str = "", seconds: int = 120) -> Path:
        """What the jobs of a run upload: the wheels of ``projects``, and no others."""
        wheels = self.home / "wheels"
        for job in plan.jobs:
            for build in job.builds:
                if build.project in projects:
                    members = {f"{build.project}.py": f"# {content}\n"}
                    wheel = make_wheel(
                        wheels / f"wheels-{job.id}.1",
                        build.project,
                        build.version,
                        tag=TAG,
                        build=str(self.find_build_tag(plan, build.project) or ""),
                        members=members,
                    )
                    note = handover.render_note(BuildNote(seconds=seconds))
                    handover.note_path(wheel).write_text(note, "utf-8")
        return wheels

    @staticmethod
    def find_build_tag(plan: Plan, project: str) -> int:
        return max(cell.build_tag for cell in plan.cells if cell.project == project)

    def change(self, more: str) -> None:
        """Replace what follows the packages in the manifest."""
        path = self.root / "packages.yaml"
        head, line, _ = path.read_text("utf-8").partition("packages: [fast, slow]\n")
        path.write_text(head + line + more, "utf-8")

    def release(self, tag: str, bundle: Path) -> None:
        """Publish the parts of a bundle, as the job ``publish`` does."""
        files = {path.name: path.read_bytes() for path in (bundle.parent / "parts").iterdir()}
        self.github.publish(tag, files)

    def keep(self, run: int, wheels: Path) -> dict[str, Any]:
        """Upload the artifacts of a run, as its jobs and its job ``keep`` do."""
        self.github.add_run(self.github.runs[run])
        plan, out = self.home / "plan" / "plan.json", self.home / "store"
        assert (
            self.command("store", "index", str(wheels), "--plan", str(plan), "--out", str(out)) == 0
        )
        self.capture.readouterr()
        for artifact in sorted(wheels.iterdir()):
            # An artifact holds a directory of its own name.
            files = {
                f"{artifact.name}/{path.name}": path.read_bytes() for path in artifact.iterdir()
            }
            self.github.upload(run, artifact.name, files)
        content = (out / "store.json").read_bytes()
        self.github.upload(run, "store-index", {"store.json": content})
        index: dict[str, Any] = json.loads(content)
        return index

    def bundle(self, wheels: Path) -> Path:
        plan = str(self.home / "plan" / "plan.json")
        assert self.command("store", "fetch", "--plan", plan, "--out", str(wheels)) == 0
        # The commits of these runs are in no repository: who seals is a person.
        self.patch.delenv("GITHUB_ACTIONS")
        number = str(self.counter)
        out = ["--out", str(self.home / "release"), "--version", number, "--sequence", number]
        # Small parts: wheels begin in one and end in another.
        out += ["--pack", "10kB", "--parts", str(self.home / "release" / "parts")]
        code = self.command("bundle", "--plan", plan, "--wheels", str(wheels), *out)
        assert code == 0, self.capture.readouterr().err
        self.capture.readouterr()
        return self.home / "release" / f"small-{self.counter}"

    def push(self, number: int, **facts: Any) -> int:  # noqa: ANN401 - any field of a run
        """A new run; by default of a commit on the default branch."""
        run = Run(id=number, **{"head_sha": f"{number:040x}", **facts})
        self.github.runs[number] = run
        return number


@contextmanager
def open_repository(
    directory: Path,
    index: IndexServer,
    patch: pytest.MonkeyPatch,
    capture: pytest.CaptureFixture[str],
) -> Iterator[Repository]:
    """A repository with two sdists to build, and its lock."""
    for project in ("fast", "slow"):
        index.add(make_sdist(index.directory, project, "1.0"))
    root = directory / "repository"
    root.mkdir()
    (root / "packages.yaml").write_text(MANIFEST.format(url=index.url), "utf-8")
    with GitHubServer.running() as github:
        made = Repository(root=root, github=github, patch=patch, capture=capture, home=directory)
        assert made.command("lock", "--cache", str(directory / "lock-cache")) == 0
        capture.readouterr()
        yield made
