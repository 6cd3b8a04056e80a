"""How many releases of a project: what ``versions`` says."""

import dataclasses
import sys
from typing import Final

_MOST: Final = sys.maxsize


@dataclasses.dataclass(frozen=True, slots=True)
class Releases:
    """
    The newest releases, so many of them.

    >>> [str(Releases.parse(text)) for text in ("newest", "3", "all")]
    ['newest', '3', 'all']
    """

    count: int

    @classmethod
    def parse(cls, text: str) -> "Releases":
        words = {"newest": 1, "all": _MOST}
        if text in words:
            return cls(words[text])
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 1000):  # noqa: PLR2004 - or all
            raise ValueError(f"expected 'newest', 'all' or a number such as 3, got {text!r}")
        return cls(int(text))

    def __str__(self) -> str:
        return {1: "newest", _MOST: "all"}.get(self.count, str(self.count))


NEWEST: Final = Releases(1)
