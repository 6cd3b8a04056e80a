import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # its stubs are another dependency
import pytest

from matrix.resolve import lock_schema

ROOT = Path(__file__).parent.parent


def test_the_documented_schema_is_that_of_the_types() -> None:
    assert (ROOT / "docs" / "lock.schema.json").read_text() == lock_schema.text()


def test_the_repository_s_lock_is_what_the_schema_says() -> None:
    loaded = json.loads((ROOT / "packages.lock").read_text())

    jsonschema.validate(loaded, lock_schema.schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**loaded, "files": [{}]}, lock_schema.schema())
