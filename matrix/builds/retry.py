"""
Try a build again, for one reason only: an index, a mirror or a registry did not answer.

A compiler error tried twice is the same error later, and hides the one in ten that is not.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from matrix.builds.failure import NotBuilt
from matrix.edge.progress import Reporter

T = TypeVar("T")

PAUSES: Final = (20.0, 90.0)
"""Seconds before the second and the third attempt."""


def retry(
    attempt: Callable[[], T],
    *,
    what: str,
    reporter: Reporter,
    pauses: Sequence[float] = PAUSES,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call ``attempt``, again after each pause while its failure is retryable."""
    for pause in pauses:
        try:
            return attempt()
        except NotBuilt as error:
            if not error.failure.is_retryable:
                raise
            reporter.say_lines(
                f"{what}: {error.failure.text()}\ntrying again in {pause:.0f} seconds"
            )
        sleep(pause)
    return attempt()
