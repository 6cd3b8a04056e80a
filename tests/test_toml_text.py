"""TOML that the standard library reads back."""

import datetime
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from matrix.documents import toml_text

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8)
PLAIN = st.one_of(
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.datetimes(timezones=st.just(datetime.UTC)),
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_pairs_read_back_as_they_are(entries: dict[str, object]) -> None:
    assert tomllib.loads(toml_text.pairs(entries)) == entries


@given(st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), min_size=1, max_size=3))
def test_tables_read_back_as_they_are(tables: list[dict[str, object]]) -> None:
    assert tomllib.loads(toml_text.array_of_tables("packages", tables)) == {"packages": tables}
