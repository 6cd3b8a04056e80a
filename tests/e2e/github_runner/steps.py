"""One job on one machine: its steps in order, in a directory of its own."""

import dataclasses
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from matrix.edge.programs import run

from . import actions
from .actions import Surroundings, Use
from .artifacts import ActionFailed
from .expressions import Expressions, InvalidExpression, Scope
from .model import Event, Job

Result = Literal["success", "failure", "skipped", "cancelled"]

# What a job must not inherit from the machine that plays GitHub.
_FOREIGN: Final = ("GITHUB_", "RUNNER_", "CI", "PYTHON", "VIRTUAL_ENV", "PYTEST")
_DEFAULT_MINUTES: Final = "360"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """One job, or one combination of its matrix, as it ended."""

    name: str
    result: Result
    outputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    log: str = ""
    summary: str = ""
    seconds: float = 0.0
    may_fail: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A fresh machine for one job, and what it can reach."""

    directory: Path
    event: Event
    around: Surroundings
    expressions: Expressions


class Steps:
    """The steps of one job on one machine."""

    def __init__(
        self, *, job: Job, workflow: Mapping[str, Any], machine: Machine, outer: Scope, name: str
    ) -> None:
        self._workflow = workflow
        self._written = job.written
        self._machine = machine
        self._name = name
        self._outer = outer
        self._workspace = machine.directory / "workspace"
        self._files = machine.directory / "files"
        self._log: list[str] = []
        self._path: list[Path] = []
        self._has_failed = False
        self._steps: dict[str, dict[str, Any]] = {}
        self._expressions = machine.expressions

    def run(self) -> JobRun:
        self._workspace.mkdir(parents=True)
        self._files.mkdir()
        start = time.monotonic()
        minutes = float(self._written.get("timeout-minutes", _DEFAULT_MINUTES))
        for number, step in enumerate(self._written["steps"]):
            try:
                self._step(number, step, deadline=start + minutes * 60)
            except (ActionFailed, InvalidExpression) as error:
                self._log.append(f"##[error]{error}")
                self._has_failed = True
                self._end(step, {}, "failure")
        outputs = self._expressions.texts(self._written.get("outputs", {}), self._scope())
        summary = self._files / "summary"
        return JobRun(
            name=self._name,
            result="failure" if self._has_failed else "success",
            outputs=outputs,
            log="\n".join(self._log),
            summary=summary.read_text(encoding="utf-8") if summary.exists() else "",
            seconds=time.monotonic() - start,
            may_fail=self._written.get("continue-on-error") == "true",
        )

    def _scope(self, environment: Mapping[str, str] | None = None) -> Scope:
        runner = {"os": "Linux", "arch": "X64", "temp": str(self._files)}
        inner = {"steps": self._steps, "env": dict(environment or {}), "runner": runner,
                 "job": {"status": "failure" if self._has_failed else "success"}}  # fmt: skip
        return Scope(
            contexts={**self._outer.contexts, **inner},
            succeeded=not self._has_failed,
            failed=self._has_failed,
            workspace=self._workspace,
        )

    def _step(self, number: int, step: Mapping[str, Any], *, deadline: float) -> None:
        environment = self._variables(step)
        scope = self._scope(environment)
        title = step.get("name") or step.get("uses") or step["run"].splitlines()[0]
        if not self._expressions.holds(step.get("if", ""), scope):
            self._end(step, {}, "skipped")
            return
        self._log.append(f"--- {self._expressions.text(title, scope)}")
        if "uses" in step:
            self._use(step, scope)
            self._end(step, {}, "success")
        else:
            self._script(number, step, scope, environment, timeout=deadline - time.monotonic())

    def _variables(self, step: Mapping[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for written in (self._workflow, self._written, step):
            found |= self._expressions.texts(written.get("env", {}), self._scope(found))
        return found

    def _end(self, step: Mapping[str, Any], outputs: Mapping[str, str], outcome: Result) -> None:
        if "id" in step:
            known = {"outputs": dict(outputs), "outcome": outcome, "conclusion": outcome}
            self._steps[step["id"]] = known

    def _use(self, step: Mapping[str, Any], scope: Scope) -> None:
        written = self._written.get("permissions")
        if written is None:
            written = self._workflow.get("permissions", {"contents": "read"})
        used = Use(
            given=self._expressions.texts(step.get("with", {}), scope),
            workspace=self._workspace,
            sha=self._machine.event.sha,
            permissions=written or {},
            around=self._machine.around,
            path=self._path,
        )
        actions.use(step["uses"], used)

    def _script(
        self,
        number: int,
        step: Mapping[str, Any],
        scope: Scope,
        environment: Mapping[str, str],
        *,
        timeout: float,
    ) -> None:
        defaults = self._workflow.get("defaults", {}).get("run", {})
        if (shell := step.get("shell", defaults.get("shell", ""))) != "bash":
            raise ActionFailed(f"not a shell that is known here: {shell!r}")
        script = self._files / f"{number}.sh"
        script.write_text(self._expressions.text(step["run"], scope), encoding="utf-8")
        output = self._files / f"{number}.output"
        output.touch()
        finished = run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            environment={**self._inherited(), **environment, "GITHUB_OUTPUT": str(output)},
            directory=self._workspace,
            timeout=timeout,
        )
        self._log.append(finished.output)
        outcome: Result = "success" if finished.succeeded else "failure"
        self._has_failed |= not finished.succeeded
        self._end(step, _read_outputs(output.read_text(encoding="utf-8")), outcome)

    def _inherited(self) -> dict[str, str]:
        inherited = self._machine.around.environment
        kept = {k: v for k, v in inherited.items() if not k.startswith(_FOREIGN)}
        event = self._machine.event
        summary = self._files / "summary"
        summary.touch()
        return {
            **kept,
            "PATH": os.pathsep.join([*map(str, self._path), kept["PATH"]]),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_REF": event.ref,
            "GITHUB_REF_NAME": event.ref_name,
            "GITHUB_REPOSITORY": "group/project",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_SHA": event.sha,
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(self._workspace),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self._files),
        }


def _read_outputs(text: str) -> dict[str, str]:
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, sign, value = line.partition("=")
        if not sign or "<<" in name:
            raise ActionFailed(f"an output of several lines is not known here: {line!r}")
        outputs[name] = value
    return outputs
