"""How the time of a reader grows with its input: ratios, because machines differ."""

import contextlib
import time
from collections.abc import Callable


def measure(read: Callable[[str], object], text: str) -> float:
    """Seconds of this process; a text that is refused takes time as well."""
    started = time.process_time()
    with contextlib.suppress(ValueError):
        read(text)
    return time.process_time() - started


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
