"""``store.json``: sorted rows, and nothing in them that leads elsewhere."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from matrix.edge import limits
from matrix.errors import MatrixError
from matrix.store import entries

from .stored import entry, index, make_wheels


def test_the_documented_schema_of_the_store_is_that_of_the_types() -> None:
    written = (Path(__file__).parent.parent / "docs" / "store.schema.json").read_text("utf-8")

    assert written == entries.render_schema()


def test_an_index_is_sorted_and_the_same_after_reading(tmp_path: Path) -> None:
    six, yaml = map(entry, make_wheels(tmp_path, "six", "yaml"))

    text = entries.dump(index(yaml, six, six))

    assert text == entries.dump(index(six, yaml))
    assert entries.dump(entries.parse(text, source="store.json")) == text
    jsonschema.validate(json.loads(text), json.loads(entries.render_schema()))


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("path", "../six.whl", "a path inside an artifact"),
        ("path", "/six.whl", "a path inside an artifact"),
        ("path", "a/../six.whl", "a path inside an artifact"),
        ("path", "a\\six.whl", "a path inside an artifact"),
        ("filename", "a/six.whl", "a file name"),
        ("sha256", "ab", "64 hexadecimal digits"),
        ("artifact", "wheels\n::add-mask::x", "a line of text"),
    ],
)
def test_a_row_that_leads_elsewhere_is_refused(
    field: str, value: str, expected: str, tmp_path: Path
) -> None:
    (wheel,) = make_wheels(tmp_path, "six")
    row = entry(wheel, **{field: value})

    with pytest.raises(MatrixError) as caught:
        entries.parse(entries.dump(index(row)), source="store.json")

    assert caught.value.problems[0].what == (
        f"wheels[0].{field}: expected {expected}, got {value!r}"
    )


def test_an_index_beyond_its_limits_is_refused() -> None:
    size = limits.cap("store index bytes")

    with pytest.raises(MatrixError, match=f"expected at most {size} bytes, got {size + 1}"):
        entries.parse(b" " * (size + 1), source="store.json")
