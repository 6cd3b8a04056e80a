"""The JSON Schema of ``plan.json``, from the types that ``serial`` writes."""

import json
from typing import Any

from matrix.documents import rows
from matrix.plan.model import SCHEMA, Plan


def text() -> str:
    """The schema file's content."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The schema as a value (JSON Schema 2020-12)."""
    return rows.json_schema(Plan, title="plan.json of wheelyard", version=SCHEMA)
