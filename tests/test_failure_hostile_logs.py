"""Logs of builds are foreign text: no log is an error, and a long one takes linear time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.builds.failure import classify_failure, select_reasons
from matrix.edge.programs import Finished

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


HOSTILE = {
    "one-line": "error: " + "a" * 500_000,
    "blanks": "x: " + " " * 500_000 + "error",
    "colons": "a:" * 250_000,
    "paths": "/" * 500_000 + ": not found",
    "escapes": "\x1b[" * 250_000,
    "digits": "\x1b[" + "1;" * 250_000 + "x",
    "folded": "< a\n" + "  b-\n" * 100_000,
    "marks": "::error" + "=" * 500_000,
    "words": "pkg-config --exists " * 25_000,
    "quotes": "Package '" * 50_000,
    "dots": "a." * 250_000 + "Error: x",
    "lines": "fatal error: x.h: No such file\n" * 16_000,
}


def measure(log: str) -> float:
    start = time.process_time()
    classify_failure(finished(log), project="x")
    return time.process_time() - start


@pytest.mark.parametrize("log", HOSTILE.values(), ids=HOSTILE)
def test_half_a_megabyte_takes_seconds_at_most(log: str) -> None:
    assert measure(log) < 10
