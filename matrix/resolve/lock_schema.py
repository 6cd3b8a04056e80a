"""The JSON Schema of ``packages.lock``, from the types that ``lockfile`` writes."""

import json
from typing import Any

from matrix.documents import rows
from matrix.resolve.lock import SCHEMA, Lock


def text() -> str:
    """The schema file's content."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The schema as a value (JSON Schema 2020-12)."""
    return rows.json_schema(Lock, title="packages.lock of wheelyard", version=SCHEMA)
