"""The kinds of destinations, and ``--to`` as one of them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matrix.destinations.destination import Destination
from matrix.destinations.ledger import FILENAME
from matrix.destinations.static import Static
from matrix.errors import Problem, UsageError


@dataclasses.dataclass(frozen=True)
class Kind:
    """A word before the colon of ``--to``, and what stands behind it."""

    form: str
    """As it is typed."""
    parse: Callable[[str], Destination]
    """From the text behind the colon."""


class InvalidDestination(ValueError):
    """Text that names no destination."""


def _parse_static(text: str) -> Static:
    return Static(parse_directory(text))


def parse_directory(text: str) -> Path:
    """The directory ``text``; raises ``InvalidDestination`` for what is likely meant otherwise."""
    if not text.strip():
        raise InvalidDestination("expected a directory, got an empty text")
    if _URL.match(text):
        raise InvalidDestination("expected a directory, got a URL")
    if "\0" in text:
        raise InvalidDestination("expected a directory, got a text with NUL")
    if text.startswith("~"):
        raise InvalidDestination("expected a directory in full, got one that starts with '~'")
    return Path(text)


KINDS: Final[Mapping[str, Kind]] = {"static": Kind("static:DIRECTORY", _parse_static)}
"""By the word; a text without one is a directory."""

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# A word, as the scheme of a URL; one letter is a Windows drive.
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9+-]{1,30}")


def parse_destination(text: str, *, place: str = "--to") -> Destination:
    """
    The destination ``KIND:WHERE``, or a directory; ``place`` is where it was typed.

    A text with a colon before its first slash names a kind, apart from Windows drives. Messages
    never repeat what stands behind the colon or before an ``@``: it may hold a password.
    """
    try:
        return _parse(text)
    except InvalidDestination as error:
        forms = " or ".join(kind.form for kind in KINDS.values())
        hint = f"{forms}; ./NAME for a directory with a colon in its name"
        raise UsageError(Problem(place=place, what=str(error), hint=hint)) from error


def _parse(text: str) -> Destination:
    word, colon, rest = text.partition(":")
    if not colon or _is_path(word):
        return _parse_static(text)
    if word in KINDS:
        return KINDS[word].parse(rest)
    got = f": {word!r}" if _WORD.fullmatch(word) else ""
    raise InvalidDestination(f"unknown kind of destination{got}")


def is_destination(text: str) -> bool:
    """Whether ``text`` names a destination: by the word of a kind, or as a directory of ours."""
    word, colon, _ = text.partition(":")
    return bool(colon and word in KINDS) or (Path(text) / FILENAME).is_file()


def _is_path(word: str) -> bool:
    return "/" in word or "\\" in word or re.fullmatch(r"[A-Za-z]", word) is not None
