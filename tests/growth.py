"""How the time of a reader grows with its input: ratios, because machines differ."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator


def measure(read: Callable[[str], object], text: str) -> float:
    """Seconds of this process; a text that is refused takes time as well."""
    with untraced(), contextlib.suppress(ValueError):
        started = time.process_time()
        try:
            read(text)
        finally:
            seconds = time.process_time() - started
    return seconds


@contextlib.contextmanager
def untraced() -> Iterator[None]:
    """
    Take coverage's tracer away: CPython joins texts in place only without one.

    With it, a loop of ``text += piece`` in the standard library is quadratic.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def find_growth(read: Callable[[str], object], half: str, whole: str) -> float:
    """
    How many times as long ``whole`` takes as ``half``: the best of four.

    A busy machine disturbs one measurement, not the best of several; below a few milliseconds
    there is nothing to compare.
    """
    ratios: list[float] = []
    while len(ratios) < 4 and not any(ratio < 3 for ratio in ratios):
        short, long = measure(read, half), measure(read, whole)
        ratios.append(long / max(short, 0.004))
    return min(ratios)
