"""A look-up costs each wheel the same, however many there are."""

from pathlib import Path

from benchmarks.store import list_cells, make_rows
from matrix.store import entries
from matrix.store.matching import Matcher

from .growth import find_growth
from .stored import index, make_wheels


def test_a_look_up_is_linear_in_the_rows_of_an_index(tmp_path: Path) -> None:
    (wheel,) = make_wheels(tmp_path, "p0")
    rows = make_rows(wheel, 4000)
    cells = list_cells(rows)

    def look_up(text: str) -> object:
        matcher = Matcher(cells)
        matcher.add(entries.parse(text, source="store.json").wheels)
        return matcher.entry_by_wanted

    half, whole = entries.dump(index(*rows[:2000])), entries.dump(index(*rows))

    assert find_growth(look_up, half, whole) < 3
