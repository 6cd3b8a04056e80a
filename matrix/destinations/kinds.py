"""The kinds of destinations, and ``--to`` as one of them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matrix.destinations.destination import Destination
from matrix.destinations.static import Static
from matrix.errors import Problem, UsageError


@dataclasses.dataclass(frozen=True)
class Kind:
    """A word before the colon of ``--to``, and what stands behind it."""

    form: str
    """As it is typed."""
    parse: Callable[[str], Destination]
    """From the text behind the colon."""


def _parse_static(text: str) -> Static:
    if not text.strip():
        raise _refuse("expected a directory, got an empty text")
    if _URL.match(text):
        raise _refuse("expected a directory, got a URL")
    if "\0" in text:
        raise _refuse("expected a directory, got a text with NUL")
    if text.startswith("~"):
        raise _refuse("expected a directory in full, got one that starts with '~'")
    return Static(Path(text))


KINDS: Final[Mapping[str, Kind]] = {"static": Kind("static:DIRECTORY", _parse_static)}
"""By the word; a text without one is a directory."""

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# A word, as the scheme of a URL; one letter is a Windows drive.
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9+-]{1,30}")


def parse_destination(text: str) -> Destination:
    """
    The destination that ``--to`` names: ``KIND:WHERE``, or a directory.

    A text with a colon before its first slash names a kind, apart from Windows drives. Messages
    never repeat what stands behind the colon or before an ``@``: it may hold a password.
    """
    word, colon, rest = text.partition(":")
    is_path = not colon or "/" in word or "\\" in word or re.fullmatch(r"[A-Za-z]", word)
    if is_path:
        return _parse_static(text)
    if word in KINDS:
        return KINDS[word].parse(rest)
    got = f": {word!r}" if _WORD.fullmatch(word) else ""
    raise _refuse(f"unknown kind of destination{got}")


def _refuse(what: str) -> UsageError:
    forms = " or ".join(kind.form for kind in KINDS.values())
    hint = f"{forms}; ./NAME for a directory with a colon in its name"
    return UsageError(Problem(place="--to", what=what, hint=hint))
