"""The limits of the services, which often refuse silently: checked here first, with a remedy."""

import functools
import importlib.resources
import json
from collections.abc import Mapping

from matrix.errors import Problem, UsageError
from matrix.pipelines.provider import Provider


def check_limit(
    provider: Provider, limit: str, count: int, *, place: str, remedy: str, cap: int = 0
) -> None:
    """Raise ``UsageError`` when ``count`` exceeds ``cap``, by default the service's own."""
    cap = cap or provider.limits[limit]
    if count > cap:
        what = f"expected at most {cap:,} {limit} on {provider.name}, got {count:,}"
        raise UsageError(Problem(place=place, what=what, hint=remedy))


@functools.cache
def read_limits(name: str) -> Mapping[str, int]:
    """The limits of a service in ``matrix/data/limits.json``, where their sources stand too."""
    data = importlib.resources.files("matrix") / "data" / "limits.json"
    rows = json.loads(data.read_text(encoding="utf-8"))[name]
    return {limit: int(row["cap"]) for limit, row in rows.items()}
