"""Logs of builds are foreign text: no log is an error, and a long one takes linear time."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.builds.failure import classify_failure, select_reasons
from matrix.edge.programs import Finished

from .growth import find_growth

WORDS = (
    "error: ", "fatal error: ", "x.h: No such file", "Package '", "' not found", "< ", "  ", "::",
    "pkg-config --exists ", "Could NOT find ", "\x1b[31m", "::error::", "Running before_all...",
    "Building wheel...", "Testing wheel...", "ld: cannot find -l", "\n", "\r\n", "\udcff", "\0",
    "command 'cc' failed: ", "Exception: ", "made ", "-" * 70, "\u2028",
)  # fmt: skip


def finished(output: str, status: int = 1) -> Finished:
    return Finished(command=("cibuildwheel",), status=status, output=output)


@given(
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=40))).map("".join),
    st.sampled_from([1, 2, 5, 7, 8, 124, 255, -9]),
)
def test_any_log_has_a_cause(log: str, status: int) -> None:
    failure = classify_failure(finished(log, status), project="x", is_isolated=True)

    assert failure.what
    assert all("\n" not in line for line in (*failure.lines, *select_reasons(log)))


HOSTILE: dict[str, Callable[[int], str]] = {
    "one-line": lambda n: "error: " + "a" * n,
    "blanks": lambda n: "x: " + " " * n + "error",
    "colons": lambda n: "a:" * (n // 2),
    "paths": lambda n: "/" * n + ": not found",
    "escapes": lambda n: "\x1b[" * (n // 2),
    "digits": lambda n: "\x1b[" + "1;" * (n // 2) + "x",
    "folded": lambda n: "< a\n" + "  b-\n" * (n // 5),
    "marks": lambda n: "::error" + "=" * n,
    "words": lambda n: "pkg-config --exists " * (n // 20),
    "quotes": lambda n: "Package '" * (n // 9),
    "dots": lambda n: "a." * (n // 2) + "Error: x",
    "lines": lambda n: "fatal error: x.h: No such file\n" * (n // 31),
}


def classify(log: str) -> None:
    classify_failure(finished(log), project="x")


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_twice_the_log_takes_less_than_three_times_the_time(make: Callable[[int], str]) -> None:
    assert find_growth(classify, make(250_000), make(500_000)) < 3
