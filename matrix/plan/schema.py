"""The JSON Schema of ``plan.json``, from the types that ``serial`` writes."""

import json
from typing import Any

from matrix.plan.model import SCHEMA, Plan
from matrix.record import json_schema


def text() -> str:
    """The schema file's content."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The schema as a value (JSON Schema 2020-12)."""
    return json_schema.of_file(Plan, title="plan.json of wheelyard", version=SCHEMA)
