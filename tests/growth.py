"""How the time of a reader grows with its input: ratios, because machines differ."""

import contextlib
import gc
import sys
import time
from collections.abc import Callable, Iterator


def measure(read: Callable[[str], object], text: str) -> float:
    """Seconds of this process; a text that is refused takes time as well."""
    with undisturbed(), contextlib.suppress(ValueError):
        started = time.process_time()
        try:
            read(text)
        finally:
            seconds = time.process_time() - started
    return seconds


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """
    Take coverage's tracer and the garbage collector away.

    CPython joins texts in place only without a tracer: with one, a loop of ``text += piece`` in the
    standard library is quadratic. The collector walks all objects of the test process.
    """
    tracer = sys.gettrace()
    gc.collect()
    gc.disable()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        gc.enable()


def find_growth(read: Callable[[str], object], half: str, whole: str) -> float:
    """
    How many times as long ``whole`` takes as ``half``: the best of eight.

    A busy machine disturbs one measurement, not the best of several; below a few milliseconds
    there is nothing to compare.
    """
    ratios: list[float] = []
    while len(ratios) < 8 and not any(ratio < 3 for ratio in ratios):
        short, long = measure(read, half), measure(read, whole)
        ratios.append(long / max(short, 0.004))
    return min(ratios)
