"""
How much a reader of foreign bytes accepts, from ``data/reader-limits.json``.

Each limit has its reason beside it. A file beyond one is refused with a message that names the
limit, so that the table can be changed on purpose.
"""

from __future__ import annotations

import importlib.resources
import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _read() -> dict[str, int]:
    path = importlib.resources.files("matrix") / "data" / "reader-limits.json"
    rows: Mapping[str, Mapping[str, int]] = json.loads(path.read_text(encoding="utf-8"))
    return {name: row["cap"] for name, row in rows.items()}


CAP_BY_NAME: Final = _read()


_NUMBER: Final = re.compile(r"\d+")


def cap(name: str) -> int:
    """The limit of that name."""
    return CAP_BY_NAME[name]


def check(name: str, size: int, error: Callable[[str], Exception]) -> None:
    """
    Raise ``error`` with a sentence when ``size`` is above the limit.

    >>> check("path levels", 101, ValueError)
    Traceback (most recent call last):
    ValueError: expected at most 100 path levels, got 101
    """
    if size > cap(name):
        raise error(f"expected at most {cap(name)} {name}, got {size}")


def check_digits(text: str, error: Callable[[str], Exception]) -> None:
    """Raise ``error`` when ``text`` has a number that no version needs and few parsers accept."""
    if len(text) > cap("digits of a number"):
        longest = max(map(len, _NUMBER.findall(text)), default=0)
        check("digits of a number", longest, error)
