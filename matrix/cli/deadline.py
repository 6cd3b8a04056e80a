"""When ``build`` stops by itself, so that the CI service need not stop it."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Final

from matrix.pipelines.provider import MINUTES_BESIDE

_GITLAB: Final = "CI_JOB_TIMEOUT"
"""GitLab's own limit of the job in seconds: a runner's may be lower than the pipeline's."""


def find_deadline(
    minutes: int | None,
    environment: Mapping[str, str],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """
    The moment by ``clock`` when builds stop: ``minutes`` from now, or earlier where GitLab would
    stop the job; never, without either.
    """
    limits = [math.inf if minutes is None else 60.0 * minutes]
    if (seconds := environment.get(_GITLAB, "")).isdigit():
        limits.append(max(0.0, int(seconds) - 60.0 * MINUTES_BESIDE))
    return clock() + min(limits)
