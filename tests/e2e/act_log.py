"""
What a run of act did, read from its lines of JSON.

A job that act skips leaves no line, or none of a step: absence means skipped. The result that act
prints for a job of a matrix is the worst of all of them, so results are read from the steps.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_SUFFIX: Final = re.compile(r"-\d+\s*$")
_NANOSECONDS: Final = 1_000_000_000
_NOTHING: Final = ("Skipping unsupported platform", "LocalRepositoryCache ")
_ENDED: Final = "\N{CHEQUERED FLAG}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A command ``::error file=...::text`` of a step."""

    level: str
    text: str
    place: Mapping[str, str]


@dataclasses.dataclass(slots=True, kw_only=True)
class StepRun:
    """A step that was started."""

    name: str
    result: str = ""
    seconds: float = 0.0
    log: str = ""
    """What it printed; act loses the last lines of a step that fails at the very end of a run."""
    outputs: dict[str, str] = dataclasses.field(default_factory=dict)
    is_action: bool = False


@dataclasses.dataclass(slots=True, kw_only=True)
class JobRun:
    """A job that was started, or one combination of its matrix."""

    id: str
    name: str
    matrix: Mapping[str, str]
    steps: dict[str, StepRun] = dataclasses.field(default_factory=dict)
    annotations: list[Annotation] = dataclasses.field(default_factory=list)
    summary: str = ""
    log: str = ""
    ended: str = ""

    @property
    def result(self) -> str:
        """The worst of its steps; ``continue-on-error`` counts as act counted it."""
        results = {step.result for step in self.steps.values()}
        if not self.matrix or self.ended == "success":
            return self.ended or "cancelled"
        if "failure" in results:
            return "failure"
        return "success" if self.ended else "cancelled"

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps.values())

    @property
    def own_seconds(self) -> float:
        """Of our own commands: steps that use an action are left out."""
        return sum(step.seconds for step in self.steps.values() if not step.is_action)

    def step(self, name: str) -> StepRun:
        """The step of this name, which must have been started."""
        return next(step for step in self.steps.values() if step.name == name)

    def has_step(self, name: str) -> bool:
        return any(step.name == name for step in self.steps.values())


def parse_log(lines: Iterable[str]) -> dict[str, tuple[JobRun, ...]]:
    """The jobs that were started, by id; a matrix has several."""
    jobs: dict[tuple[str, str], JobRun] = {}
    for line in lines:
        if not line.startswith("{"):
            continue
        entry = json.loads(line)
        if "jobID" in entry and not any(text in entry["msg"] for text in _NOTHING):
            matrix = entry.get("matrix") or {}
            key = (entry["jobID"], json.dumps(matrix, sort_keys=True))
            if key not in jobs:
                name = entry["job"].partition("/")[2].rstrip()
                name = _SUFFIX.sub("", name) if matrix else name
                jobs[key] = JobRun(id=entry["jobID"], name=name, matrix=matrix)
            _add(jobs[key], entry)
    found: dict[str, tuple[JobRun, ...]] = {}
    for job in sorted(jobs.values(), key=lambda job: job.name):
        found[job.id] = (*found.get(job.id, ()), job)
    return found


def _add(job: JobRun, entry: Mapping[str, Any]) -> None:
    message = str(entry["msg"])
    if "jobResult" in entry and _ENDED in message:
        job.ended = entry["jobResult"]
    if entry.get("command") == "summary":
        job.summary += entry["content"]
        return
    if entry.get("command") in {"error", "warning", "notice"}:
        place = entry.get("kvPairs") or {}
        job.annotations.append(Annotation(level=entry["command"], text=entry["arg"], place=place))
    job.log += message if message.endswith("\n") else f"{message}\n"
    if entry.get("stage") == "Main" and "stepID" in entry:
        _add_to_step(job, entry)


def _add_to_step(job: JobRun, entry: Mapping[str, Any]) -> None:
    # A composite action's inner steps have ids of two parts, and the name of the outer step.
    outer, *inner = entry["stepID"]
    step = job.steps.setdefault(outer, StepRun(name=entry["step"]))
    step.is_action |= bool(inner)
    if entry.get("raw_output") or "command" in entry:
        step.log += entry["msg"]
    if entry.get("command") == "set-output":
        step.outputs[entry["name"]] = entry["arg"]
    if "stepResult" in entry and not inner:
        step.result = entry["stepResult"]
        step.seconds = entry.get("executionTime", 0) / _NANOSECONDS
