"""What the services refuse, often silently: refused here first, with count, cap and remedy."""

import functools
import importlib.resources
import json

from matrix.errors import Problem, UsageError
from matrix.pipelines.scalar import Dialect


def require(
    dialect: Dialect, limit: str, count: int, *, place: str, remedy: str, most: int = 0
) -> None:
    """
    Raise ``UsageError`` when ``count`` is more than ``limit`` allows, or than a known ``most``.
    """
    most = most or cap(dialect, limit)
    if count > most:
        what = f"expected at most {most:,} {limit} on {dialect}, got {count:,}"
        raise UsageError(Problem(place=place, what=what, hint=remedy))


@functools.cache
def cap(dialect: Dialect, limit: str) -> int:
    """The number of ``limit`` in ``matrix/data/limits.json``, where its source stands too."""
    data = importlib.resources.files("matrix") / "data" / "limits.json"
    return int(json.loads(data.read_text(encoding="utf-8"))[dialect][limit]["cap"])
