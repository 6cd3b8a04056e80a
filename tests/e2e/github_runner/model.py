"""A workflow file as values; a key that is not known here is refused."""

import dataclasses
import fnmatch
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

_WORKFLOW: Final = frozenset(
    {"name", "on", "permissions", "concurrency", "defaults", "env", "jobs"}
)
_JOB: Final = frozenset(
    {
        "name", "needs", "if", "runs-on", "timeout-minutes", "permissions", "environment",
        "outputs", "env", "strategy", "steps", "continue-on-error",
    }
)  # fmt: skip
_STEP: Final = frozenset(
    {"name", "id", "if", "uses", "with", "run", "env", "shell", "timeout-minutes"}
)
_STRATEGY: Final = frozenset({"fail-fast", "max-parallel", "matrix"})

MOST_COMBINATIONS: Final = 256


class NotSupported(ValueError):
    """GitHub may know this; here it would be passed over."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What started a run."""

    name: str
    ref: str
    sha: str
    default_branch: str = "main"
    payload: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def ref_type(self) -> str:
        return "tag" if self.ref.startswith("refs/tags/") else "branch"

    @property
    def ref_name(self) -> str:
        return self.ref.removeprefix("refs/").partition("/")[2]

    @property
    def context(self) -> dict[str, Any]:
        """The `github` context."""
        repository = {"default_branch": self.default_branch, "full_name": "group/project"}
        return {
            "event_name": self.name,
            "event": {"repository": repository, **self.payload},
            "ref": self.ref,
            "ref_name": self.ref_name,
            "ref_type": self.ref_type,
            "repository": "group/project",
            "run_id": "1",
            "sha": self.sha,
            "token": "a-token",
            "workflow": "wheels",
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as written: expressions are not evaluated yet."""

    id: str
    needs: tuple[str, ...]
    written: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """The file, its jobs in an order in which each comes after those that it needs."""

    written: Mapping[str, Any]
    jobs: tuple[Job, ...]

    @classmethod
    def read(cls, path: Path) -> "Workflow":
        # Every scalar stays text: YAML 1.1 would read `on` as true and 3.10 as a number.
        written = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - no objects
        _refuse_unknown("workflow", written, _WORKFLOW)
        jobs = {name: _job(name, job) for name, job in written["jobs"].items()}
        return cls(written=written, jobs=_ordered(jobs))

    def is_started_by(self, event: Event) -> bool:
        """Whether ``on`` names the event, and for a push its branch or tag."""
        if event.name not in self.written["on"]:
            return False
        filters = self.written["on"][event.name] or {}
        if event.name != "push" or not filters:
            return True
        wanted = filters.get("tags" if event.ref_type == "tag" else "branches", [])
        return any(fnmatch.fnmatchcase(event.ref_name, pattern) for pattern in wanted)


def _job(name: str, written: Mapping[str, Any]) -> Job:
    _refuse_unknown(f"job {name}", written, _JOB)
    _refuse_unknown(f"strategy of {name}", written.get("strategy", {}), _STRATEGY)
    for step in written["steps"]:
        _refuse_unknown(f"a step of {name}", step, _STEP)
    needs = written.get("needs", [])
    return Job(id=name, needs=(needs,) if isinstance(needs, str) else tuple(needs), written=written)


def _refuse_unknown(place: str, written: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := written.keys() - known:
        raise NotSupported(f"{place}: {sorted(unknown)}")


def _ordered(jobs: Mapping[str, Job]) -> tuple[Job, ...]:
    done: dict[str, Job] = {}
    while len(done) < len(jobs):
        ready = [j for j in jobs.values() if j.id not in done and done.keys() >= set(j.needs)]
        if not ready:
            raise NotSupported(
                f"jobs that wait for each other: {sorted(jobs.keys() - done.keys())}"
            )
        done |= {job.id: job for job in ready}
    return tuple(done.values())


def combinations(matrix: object) -> list[dict[str, object]]:
    """The jobs of an evaluated ``matrix``; a job without one is a single empty combination."""
    if matrix is None:
        return [{}]
    if not isinstance(matrix, dict) or {"include", "exclude"} & matrix.keys():
        raise NotSupported(f"a matrix that is not lists by name: {matrix!r}")
    found: list[dict[str, object]] = [{}]
    for name, values in matrix.items():
        if not isinstance(values, list) or not values:
            raise ValueError(f"Matrix vector '{name}' does not contain any values")
        found = [{**one, name: value} for one in found for value in values]
    if len(found) > MOST_COMBINATIONS:
        raise ValueError(f"matrix of {len(found)} jobs, at most {MOST_COMBINATIONS} are allowed")
    return found
