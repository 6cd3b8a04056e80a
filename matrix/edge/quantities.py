"""Numbers as people read and write them."""

from __future__ import annotations

import re
from typing import Final

_SIZE: Final = re.compile(r"(\d{1,15})(?:\.(\d{1,3}))?\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def count(number: int, noun: str) -> str:
    """
    Return a number with its noun in the singular or plural.

    >>> count(1, "target"), count(1200, "target")
    ('1 target', '1200 targets')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def megabytes(size: int) -> str:
    """
    Return a number of bytes in megabytes.

    >>> megabytes(1_234_567)
    '1.2 MB'
    """
    return f"{size / 1e6:.1f} MB"


def parse_size(text: str) -> int:
    """
    Parse a number of bytes, with a decimal unit (kB, MB, GB, TB) or a binary one (KiB, ...).

    >>> parse_size("10MB"), parse_size("1.5 GiB"), parse_size("2000")
    (10000000, 1610612736, 2000)
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match[4] and not match[3]):
        raise ValueError(f"expected a size such as 2000000000, 10MB or 1.5GiB, got {text!r}")
    base = 1024 if match[4] else 1000
    fraction = match[2] or "0"
    thousandths = int(match[1]) * 1000 + int(fraction.ljust(3, "0"))
    size: int = thousandths * base ** _POWERS[match[3].lower()] // 1000
    if not size:
        raise ValueError(f"expected a size above 0, got {text!r}")
    return size
