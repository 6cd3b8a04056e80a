"""The JSON Schema of ``packages.lock``, from the types that ``lockfile`` writes."""

import json
from typing import Any

from matrix.record import json_schema
from matrix.resolve.lock import SCHEMA, Lock


def text() -> str:
    """The schema file's content."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The schema as a value (JSON Schema 2020-12)."""
    found = json_schema.of_file(Lock, title="packages.lock of wheelyard", version=SCHEMA)
    # Pairs in memory, a mapping in the file: a line of the difference names project and version.
    solution = found["properties"]["solutions"]["items"]
    solution["properties"]["pins"] = {
        "type": "object",
        "additionalProperties": {"type": "string"},
    }
    return found
