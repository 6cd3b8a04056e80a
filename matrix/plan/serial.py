"""
A plan as JSON: schema 1, sorted, free of time and of machine facts; ``parse`` inverts ``dump``.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from matrix.errors import MatrixError, Problem
from matrix.plan.model import SCHEMA, Cell, Job, JobClass, Plan, PlannedTarget, State, Wish


def dump(plan: Plan) -> str:
    """The plan's text."""
    return json.dumps({"schema": SCHEMA, **dataclasses.asdict(plan)}, indent=1) + "\n"


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
        hint = "python -m matrix plan --out DIR"
        raise MatrixError(Problem(place=source, what=what, hint=hint)) from error


def _plan(loaded: Mapping[str, Any]) -> Plan:
    return Plan(
        bundle=loaded["bundle"],
        targets=tuple(PlannedTarget(**row) for row in loaded["targets"]),
        wishes=tuple(_wish(row) for row in loaded["wishes"]),
        cells=tuple(Cell(**{**row, "state": State(row["state"])}) for row in loaded["cells"]),
        classes=tuple(JobClass(**_tupled(row)) for row in loaded["classes"]),
        jobs=tuple(Job(**_tupled(row)) for row in loaded["jobs"]),
    )


def _wish(row: Mapping[str, Any]) -> Wish:
    excluded = tuple((target, reason) for target, reason in row["excluded"])
    return Wish(**{**_tupled(row), "excluded": excluded})


def _tupled(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows only lists; our values hold tuples."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
