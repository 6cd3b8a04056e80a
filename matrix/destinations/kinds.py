"""The kinds of destinations, and ``--to`` as one of them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from matrix.destinations.access import NO_ACCESS, Access
from matrix.destinations.destination import Destination
from matrix.destinations.devpi import DevpiIndex
from matrix.destinations.ledger import FILENAME
from matrix.destinations.pypiserver import PypiserverDirectory
from matrix.destinations.s3 import S3
from matrix.destinations.static import Static
from matrix.destinations.upload import UploadServer
from matrix.destinations.upload_families import FAMILIES
from matrix.errors import Problem, UsageError


@dataclasses.dataclass(frozen=True)
class Kind:
    """A word before the colon of ``--to``, and what stands behind it."""

    form: str
    """As it is typed."""
    parse: Callable[[str, Access], Destination]
    """From the text behind the colon."""


class InvalidDestination(ValueError):
    """Text that names no destination."""


def _parse_static(text: str, access: Access) -> Static:
    del access
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


def parse_url(text: str) -> str:
    """The address of a server, without a slash at the end; ``InvalidDestination`` for others."""
    try:
        parts = urlsplit(text)
        host, user = parts.hostname, parts.username
    except ValueError:
        raise InvalidDestination("expected http:// or https:// and a host") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidDestination("expected http:// or https:// and a host")
    if user is not None:
        what = "expected an address without a login: WHEELYARD_USER and WHEELYARD_PASSWORD, --login"
        raise InvalidDestination(f"{what} FILE, or netrc give it")
    if parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise InvalidDestination("expected an address without blanks, '?' and '#'")
    return text.rstrip("/")


def _parse_devpi(text: str, access: Access) -> Destination:
    url = parse_url(text).removesuffix("/+simple")
    server, _, name = url.rpartition("/")
    server, _, user = server.rpartition("/")
    if not _INDEX.fullmatch(user) or not _INDEX.fullmatch(name) or server.endswith(":/"):
        raise InvalidDestination("expected an index of devpi, as http://HOST/USER/INDEX")
    return DevpiIndex(server, f"{user}/{name}", access)


def _parse_upload(text: str, access: Access) -> Destination:
    word, _, rest = text.partition(":")
    if word not in FAMILIES:
        raise InvalidDestination(f"expected twine:FAMILY:URL, FAMILY one of {', '.join(FAMILIES)}")
    family = FAMILIES[word]
    return UploadServer(parse_url(rest).removesuffix(family.simple), family, access)


def _parse_pypiserver(text: str, access: Access) -> Destination:
    if _URL.match(text):
        return _parse_upload(f"pypiserver:{text}", access)
    return PypiserverDirectory(parse_directory(text))


def _parse_s3(text: str, access: Access) -> Destination:
    name, _, prefix = text.lstrip("/").partition("/")
    prefix = prefix.strip("/")
    if not _BUCKET.fullmatch(name) or not _PREFIX.fullmatch(prefix):
        raise InvalidDestination("expected a bucket and a prefix, as s3:BUCKET/PREFIX")
    return S3(name, f"{prefix}/" if prefix else "", access)


KINDS: Final[Mapping[str, Kind]] = {
    "static": Kind("static:DIRECTORY", _parse_static),
    "devpi": Kind("devpi:URL/USER/INDEX", _parse_devpi),
    "pypiserver": Kind("pypiserver:DIRECTORY or pypiserver:URL", _parse_pypiserver),
    "twine": Kind("twine:FAMILY:URL", _parse_upload),
    "s3": Kind("s3:BUCKET/PREFIX", _parse_s3),
}
"""By the word; a text without one is a directory."""

_INDEX: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._/-]{0,200}")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# A word, as the scheme of a URL; one letter is a Windows drive.
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9+-]{1,30}")


def parse_destination(text: str, access: Access = NO_ACCESS, *, place: str = "--to") -> Destination:
    """
    The destination ``KIND:WHERE``, or a directory; ``place`` is where it was typed.

    A text with a colon before its first slash names a kind, apart from Windows drives. Messages
    never repeat what stands behind the colon or before an ``@``: it may hold a password.
    """
    try:
        return _parse(text, access)
    except InvalidDestination as error:
        forms = ", ".join(kind.form for kind in KINDS.values())
        hint = f"{forms}; ./NAME for a directory with a colon in its name"
        raise UsageError(Problem(place=place, what=str(error), hint=hint)) from error


def _parse(text: str, access: Access) -> Destination:
    word, colon, rest = text.partition(":")
    if not colon or _is_path(word):
        return _parse_static(text, access)
    if word in KINDS:
        return KINDS[word].parse(rest, access)
    got = f": {word!r}" if _WORD.fullmatch(word) else ""
    raise InvalidDestination(f"unknown kind of destination{got}")


def is_destination(text: str) -> bool:
    """Whether ``text`` names a destination: by the word of a kind, or as a directory of ours."""
    word, colon, _ = text.partition(":")
    return bool(colon and word in KINDS) or (Path(text) / FILENAME).is_file()


def _is_path(word: str) -> bool:
    return "/" in word or "\\" in word or re.fullmatch(r"[A-Za-z]", word) is not None
