"""
The files that a page lists, as the page spells them.

``ListedFile`` has the field names of the Simple API's JSON (PEP 691, 700, 714), so one decoder
reads an index's page and the compact form that the cache keeps; HTML pages are read into it too.
Only the fields that this tool needs exist: the decoder skips the others without making objects.
"""

import contextlib
from typing import Final

import msgspec

from matrix.edge.foreign import describe

JSON_TYPE: Final = "application/vnd.pypi.simple.v1+json"


class InvalidPage(ValueError):
    """Not a page of the Simple API."""


class Digests(msgspec.Struct, gc=False, omit_defaults=True):
    """Digests by algorithm; the others are of no use here."""

    sha256: str = ""


class ListedFile(msgspec.Struct, gc=False, omit_defaults=True, rename="kebab"):
    """One file; links may be relative to the page."""

    filename: str
    url: str
    hashes: Digests
    requires_python: str | None = None
    size: int | None = None
    upload_time: str | None = None
    yanked: bool | str = False
    core_metadata: bool | Digests | None = None
    dist_info_metadata: bool | Digests | None = None
    """The name that PEP 714 replaced; some indexes still send only this one."""


class _Meta(msgspec.Struct, rename="kebab"):
    api_version: str = "1.0"


class _Page(msgspec.Struct):
    files: list[ListedFile]
    name: str = ""
    meta: _Meta = msgspec.field(default_factory=_Meta)


class _Versioned(msgspec.Struct):
    meta: _Meta


_PAGE: Final = msgspec.json.Decoder(_Page)
_VERSIONED: Final = msgspec.json.Decoder(_Versioned)


def read_json(body: bytes) -> tuple[str, list[ListedFile]]:
    """The project's name as the page gives it, and its files."""
    try:
        page = _PAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse_other_version(body)
        raise InvalidPage(describe(error)) from error
    check_version(page.meta.api_version)
    return page.name, page.files


def _refuse_other_version(body: bytes) -> None:
    # Another major version may have another shape: that it is another version says more.
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        check_version(_VERSIONED.decode(body).meta.api_version)


def check_version(version: str) -> None:
    """PEP 629: a client must refuse a major version that it does not know."""
    if version.partition(".")[0] != "1":
        raise InvalidPage(f"expected api-version 1.x, got {version!r}")
