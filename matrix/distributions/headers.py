"""
The headers of core metadata, without the email package where it is not needed.

``packaging`` reads metadata with the standard library's parser of mail, which takes ten times as
long as splitting lines, and a resolver reads a thousand of them. Plain headers are split here;
others (carriage returns, other encodings, folded or unlikely lines) go to ``packaging``, so that
both always give the same fields.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

# Header to packaging's field. A header of the first kind that occurs twice counts as absent; one of
# the second kind may occur any number of times.
_SINGLE: Final = {
    "metadata-version": "metadata_version",
    "name": "name",
    "version": "version",
    "requires-python": "requires_python",
    "license": "license",
    "license-expression": "license_expression",
}
_MULTIPLE: Final = {
    "requires-dist": "requires_dist",
    "provides-extra": "provides_extra",
    "dynamic": "dynamic",
    "classifier": "classifiers",
}
FIELDS: Final = (*_SINGLE.values(), *_MULTIPLE.values())
"""The fields that ``parse`` returns; others may be missing."""
_OURS: Final = frozenset({*_SINGLE, *_MULTIPLE})
_FOLDS: Final = frozenset({" ", "\t"})
_NAME: Final = re.compile(r"[!-9;-~]+")
_BLANK_LINE: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\r|\n)")


def parse(data: bytes) -> RawMetadata:
    """The ``FIELDS`` that ``data`` has, as ``packaging`` would return them."""
    plain = _split(data)
    if plain is not None:
        return _select_fields(plain)
    # Importing it takes as long as splitting a hundred.
    from packaging.metadata import parse_email  # noqa: PLC0415 - see above

    return parse_email(_cut_body(data))[0]


def _cut_body(data: bytes) -> bytes:
    """The headers and their blank line: the parser would look for mails inside of the body."""
    end = _BLANK_LINE.search(data)
    return data if end is None else data[: end.end()]


def _split(data: bytes) -> dict[str, list[list[str]]] | None:
    """The lines of values by header in lower case; None when the email package has to parse."""
    head = data.partition(b"\n\n")[0].removesuffix(b"\n")
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\r" in text:
        return None
    values_by_header: dict[str, list[list[str]]] = {}
    last = ""
    for line in text.split("\n"):
        if line[:1] in _FOLDS and line and last:
            if not _continue(values_by_header, last, line):
                return None
            continue
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            return None
        last = name.lower()
        if last in _OURS:
            if not value.isascii():
                return None
            values_by_header.setdefault(last, []).append([value.lstrip(" \t")])
    return values_by_header


def _continue(values_by_header: dict[str, list[list[str]]], last: str, line: str) -> bool:
    """Add a folded line to the header before it; False when the email package has to parse it."""
    if last not in _OURS:
        return True
    # Texts of licences are long; nothing else of ours should be folded. Versions of Python differ
    # on a first line that is empty.
    if last != "license" or not values_by_header[last][-1][0] or not line.isascii():
        return False
    values_by_header[last][-1].append(line)
    return True


def _select_fields(values_by_header: dict[str, list[list[str]]]) -> RawMetadata:
    raw: dict[str, Any] = {
        field: "\n".join(values_by_header[name][0])
        for name, field in _SINGLE.items()
        if len(values_by_header.get(name, ())) == 1
    }
    raw |= {
        field: ["\n".join(lines) for lines in values_by_header[name]]
        for name, field in _MULTIPLE.items()
        if name in values_by_header
    }
    return cast("RawMetadata", raw)
