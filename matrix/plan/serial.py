"""
A plan as JSON: schema 4, sorted, free of time and of machine facts; ``parse`` inverts ``dump``.

One row a line, as in the lock, so that two plans can be compared with any tool; and each row is
written by itself, because the library's fast encoder knows no indentation.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from matrix.errors import MatrixError, Problem
from matrix.plan.model import (
    SCHEMA,
    Build,
    BuildRequirement,
    Cell,
    Job,
    JobClass,
    Plan,
    PlannedRequirement,
    PlannedTarget,
    RunnerLabels,
    State,
)


def dump(plan: Plan) -> str:
    """The plan's text."""
    sections = {
        "targets": map(_row, plan.targets),
        "requirements": map(_row, plan.requirements),
        "cells": map(_row, plan.cells),
        "job_classes": (
            {**_row(item), "runner": [*map(_row, item.runner)]} for item in plan.job_classes
        ),
        "jobs": ({**_row(job), "builds": [*map(_row, job.builds)]} for job in plan.jobs),
        "build_requirements": map(_row, plan.build_requirements),
    }
    parts = [f'"schema": {SCHEMA}', f'"bundle": {json.dumps(plan.bundle)}']
    parts += [_section(name, rows) for name, rows in sections.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _section(name: str, rows: Iterable[Mapping[str, Any]]) -> str:
    lines = ",\n".join(map(json.dumps, rows))
    return f'"{name}": [\n{lines}\n]' if lines else f'"{name}": []'


def _row(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass of the plan
    # asdict() copies deeply, which takes longer than everything else that a plan needs.
    return {name: getattr(value, name) for name in value.__slots__}


def parse(text: str, *, source: str) -> Plan:
    """Read a plan that another job wrote; ``source`` is how messages name it."""
    try:
        loaded = json.loads(text)
        if loaded["schema"] != SCHEMA:
            what = f"expected schema {SCHEMA}, got {loaded['schema']!r}"
            raise MatrixError(Problem(place=source, what=what))
        return _plan(loaded)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"expected a plan, got a file that cannot be read as one: {error}"
        hint = "wheelyard plan --out DIR"
        raise MatrixError(Problem(place=source, what=what, hint=hint)) from error


def _plan(loaded: Mapping[str, Any]) -> Plan:
    return Plan(
        bundle=loaded["bundle"],
        targets=tuple(PlannedTarget(**row) for row in loaded["targets"]),
        requirements=tuple(_requirement(row) for row in loaded["requirements"]),
        cells=tuple(Cell(**{**row, "state": State(row["state"])}) for row in loaded["cells"]),
        job_classes=tuple(_job_class(row) for row in loaded["job_classes"]),
        jobs=tuple(_job(row) for row in loaded["jobs"]),
        build_requirements=tuple(BuildRequirement(**row) for row in loaded["build_requirements"]),
    )


def _job_class(row: Mapping[str, Any]) -> JobClass:
    runner = tuple(RunnerLabels(**_to_tuples(labels)) for labels in row["runner"])
    return JobClass(**{**row, "runner": runner})


def _job(row: Mapping[str, Any]) -> Job:
    builds = tuple(Build(**_to_tuples(build)) for build in row["builds"])
    return Job(**{**row, "builds": builds})


def _requirement(row: Mapping[str, Any]) -> PlannedRequirement:
    excluded = tuple((target, reason) for target, reason in row["excluded"])
    return PlannedRequirement(**{**_to_tuples(row), "excluded": excluded})


def _to_tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows only lists; our values hold tuples."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
