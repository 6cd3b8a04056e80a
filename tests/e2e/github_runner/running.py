"""One run: jobs in order, each in a directory of its own, until nothing is left to start."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from .actions import Surroundings
from .artifacts import Artifacts
from .expressions import Expressions, InvalidExpression, Scope
from .model import Event, Job, Workflow, combinations
from .steps import JobRun, Machine, Result, Steps


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All jobs by id; a job with a matrix has ended several times."""

    jobs: Mapping[str, tuple[JobRun, ...]]
    artifacts: Artifacts

    def result(self, job: str) -> Result:
        return _together(self.jobs[job])

    @property
    def results(self) -> dict[str, Result]:
        return {job: _together(ended) for job, ended in self.jobs.items()}

    @property
    def succeeded(self) -> bool:
        """Whether jobs ran, and none failed or was cancelled, except for those that may fail."""
        counted = [ended for ended in self.jobs.values() if not all(one.may_fail for one in ended)]
        results = set(map(_together, counted))
        return "success" in results and not results & {"failure", "cancelled"}

    @property
    def log(self) -> str:
        """Everything that was printed, job by job."""
        return "\n".join(
            f"=== {one.name}: {one.result} ({one.seconds:.0f} s)\n{one.log}"
            for ended in self.jobs.values()
            for one in ended
        )


def _together(ended: Sequence[JobRun]) -> Result:
    results = {one.result for one in ended}
    order: tuple[Result, ...] = ("failure", "cancelled", "success", "skipped")
    return next(result for result in order if result in results)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """GitHub and its machines; ``directory`` takes the workspaces and artifacts."""

    expressions: Expressions
    repository: Path
    environment: Mapping[str, str]
    python: Path
    directory: Path

    def run(self, path: str, event: Event) -> Run:
        """Run the workflow at ``path`` of the repository; nothing when the event starts nothing."""
        workflow = Workflow.read(self.repository / path)
        ended: dict[str, tuple[JobRun, ...]] = {}
        artifacts = Artifacts(self.directory / "artifacts")
        around = Surroundings(
            repository=self.repository,
            artifacts=artifacts,
            environment=self.environment,
            python=self.python,
        )
        for job in workflow.jobs if workflow.is_started_by(event) else ():
            started = _Started(
                runner=self, workflow=workflow, event=event, job=job, around=around, ended=ended
            )
            ended[job.id] = tuple(started.run())
        return Run(jobs=ended, artifacts=artifacts)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    """One job whose turn has come."""

    runner: Runner
    workflow: Workflow
    event: Event
    job: Job
    around: Surroundings
    ended: Mapping[str, tuple[JobRun, ...]]

    def run(self) -> list[JobRun]:
        scope = self._scope({})
        expressions = self.runner.expressions
        try:
            if not expressions.holds(self.job.written.get("if", ""), scope):
                return [JobRun(name=self.job.id, result="skipped")]
            matrix = self.job.written.get("strategy", {}).get("matrix")
            evaluated = None if matrix is None else expressions.value(matrix, scope)
            all_of_them = combinations(evaluated)
        except (InvalidExpression, ValueError) as error:
            return [JobRun(name=self.job.id, result="failure", log=str(error))]
        stops = self.job.written.get("strategy", {}).get("fail-fast", "true") == "true"
        done: list[JobRun] = []
        for combination in all_of_them:
            if stops and any(one.result == "failure" for one in done):
                done.append(JobRun(name=self.job.id, result="cancelled"))
            else:
                done.append(self._one(combination))
        return done

    def _scope(self, matrix: Mapping[str, object]) -> Scope:
        # success() wants every ancestor: one that was skipped far above skips what comes below
        # (actions/runner#491).
        ancestors = {_together(self.ended[name]) for name in self._ancestors()}
        needs = {
            name: {
                "result": _together(self.ended[name]),
                "outputs": dict(self.ended[name][-1].outputs),
            }
            for name in self.job.needs
        }
        contexts = {"github": self.event.context, "needs": needs, "vars": {}, "inputs": {}}
        if matrix:
            contexts["matrix"] = dict(matrix)
        return Scope(
            contexts=contexts,
            succeeded=ancestors <= {"success"},
            failed="failure" in ancestors,
        )

    def _ancestors(self) -> set[str]:
        needs = {job.id: job.needs for job in self.workflow.jobs}
        found: set[str] = set()
        waiting = list(self.job.needs)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += needs[name]
        return found

    def _one(self, matrix: Mapping[str, object]) -> JobRun:
        scope, expressions = self._scope(matrix), self.runner.expressions
        name = expressions.text(self.job.written.get("name", self.job.id), scope)
        labels = expressions.value(self.job.written["runs-on"], scope)
        listed = labels if isinstance(labels, list) else [str(labels)]
        for system in ("windows", "macos"):
            if any(label.startswith(system) for label in listed):
                log = f"skipped: needs a {system} runner"
                return JobRun(name=name, result="skipped", log=log)
        jobs = self.runner.directory / "jobs"
        jobs.mkdir(parents=True, exist_ok=True)
        machine = Machine(
            directory=jobs / f"{len(list(jobs.iterdir()))}-{self.job.id}",
            event=self.event,
            around=self.around,
            expressions=expressions,
        )
        return Steps(
            job=self.job, workflow=self.workflow.written, machine=machine, outer=scope, name=name
        ).run()
