"""
``plan.json``: a plan as JSON with one row a line, sorted, free of time and of machine facts.

Another job, and perhaps another machine, wrote what ``parse`` reads, so the values are checked
against their types and the rows against each other.
"""

import json
from typing import Final

from matrix.documents import rows
from matrix.errors import MatrixError, Problem
from matrix.plan.model import SCHEMA, Plan
from matrix.plan.references import find_fault

FILENAME: Final = "plan.json"
_HINT: Final = "make it again: wheelyard plan --out DIR"


def dump(plan: Plan) -> str:
    """The plan's text."""
    return rows.dump(plan, schema=SCHEMA)


def parse(text: str, *, source: str) -> Plan:
    """Invert ``dump``; ``source`` is how messages name the file."""
    plan = rows.parse(text, Plan, schema=SCHEMA, source=source, error=MatrixError, hint=_HINT)
    if fault := find_fault(plan):
        raise MatrixError(Problem(place=source, what=fault, hint=_HINT))
    return plan


def render_schema() -> str:
    """The JSON Schema of the file, from the types."""
    schema = rows.json_schema(Plan, title="plan.json of wheelyard", version=SCHEMA)
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=True) + "\n"
