"""Where images have interpreters, and which of several is asked."""

import pytest

from matrix.builds.interpreters import interpreter_directory, rank_interpreter


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("cp27-manylinux_x86_64", "cp27-cp27mu"),
        ("cp36-musllinux_x86_64", "cp36-cp36m"),
        ("cp38-manylinux_i686", "cp38-cp38"),
        ("cp315t-manylinux_x86_64", "cp315t-cp315t"),
        ("pp311-manylinux_x86_64", "pp311-*"),
    ],
)
def test_the_interpreter_of_an_identifier_is_where_images_have_it(
    identifier: str, expected: str
) -> None:
    assert interpreter_directory(identifier) == expected


def test_the_newest_interpreter_with_a_lock_comes_first() -> None:
    names = ["pp311-a", "cp39-a", "cp27-a", "cp314t-a", "cp314-a", "cp310-a"]

    assert sorted(names, key=rank_interpreter, reverse=True) == [
        *("cp314-a", "cp310-a", "cp39-a", "cp27-a", "cp314t-a", "pp311-a")
    ]
