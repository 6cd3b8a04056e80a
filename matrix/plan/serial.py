"""
A plan as JSON: schema 3, sorted, free of time and of machine facts; ``parse`` inverts ``dump``.

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
    BuildFile,
    Cell,
    Job,
    JobClass,
    Plan,
    PlannedTarget,
    State,
    Wish,
)


def dump(plan: Plan) -> str:
    """The plan's text."""
    sections = {
        "targets": map(_row, plan.targets),
        "wishes": map(_row, plan.wishes),
        "cells": map(_row, plan.cells),
        "classes": map(_row, plan.classes),
        "jobs": ({**_row(job), "builds": [*map(_row, job.builds)]} for job in plan.jobs),
        "build_files": map(_row, plan.build_files),
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
        wishes=tuple(_wish(row) for row in loaded["wishes"]),
        cells=tuple(Cell(**{**row, "state": State(row["state"])}) for row in loaded["cells"]),
        classes=tuple(JobClass(**_tupled(row)) for row in loaded["classes"]),
        jobs=tuple(_job(row) for row in loaded["jobs"]),
        build_files=tuple(BuildFile(**row) for row in loaded["build_files"]),
    )


def _job(row: Mapping[str, Any]) -> Job:
    builds = tuple(Build(**_tupled(build)) for build in row["builds"])
    return Job(**{**row, "builds": builds})


def _wish(row: Mapping[str, Any]) -> Wish:
    excluded = tuple((target, reason) for target, reason in row["excluded"])
    return Wish(**{**_tupled(row), "excluded": excluded})


def _tupled(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows only lists; our values hold tuples."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
