"""How long ago: what a cooldown is said in."""

import dataclasses
import datetime
import re
from typing import Final

_SPELLING: Final = re.compile(r"(\d{1,4}) (hour|day|week)s?")


@dataclasses.dataclass(frozen=True, slots=True)
class Age:
    """
    A span of time as an author writes it.

    >>> str(Age.parse("7 days")), Age.parse("1 week").span == Age.parse("7 days").span
    ('7 days', True)
    """

    count: int
    unit: str
    """``hour``, ``day`` or ``week``."""

    @classmethod
    def parse(cls, text: str) -> "Age":
        match = _SPELLING.fullmatch(text)
        if match is None:
            raise ValueError(f"expected an age such as '7 days', got {text!r}")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    @property
    def span(self) -> datetime.timedelta:
        return datetime.timedelta(**{f"{self.unit}s": self.count})
