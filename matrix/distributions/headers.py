"""
The headers of core metadata, without the email package where it is not needed.

``packaging`` reads metadata with the standard library's parser of mail, which takes ten times as
long as splitting lines, and a resolver reads a thousand of them. What is written plainly is split
here; whatever is not (carriage returns, other encodings, folded or unlikely lines) goes to
``packaging``, so that both always tell the same.
"""

import re
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

# Header to packaging's field; of the first kind there may be one only (else there is none), of the
# second any number.
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
READ: Final = (*_SINGLE.values(), *_MULTIPLE.values())
"""The fields that ``read`` is sure to give."""
_OURS: Final = frozenset({*_SINGLE, *_MULTIPLE})
_FOLDS: Final = frozenset({" ", "\t"})
_NAME: Final = re.compile(r"[!-9;-~]+")


def read(data: bytes) -> "RawMetadata":
    """The fields of ``READ`` that ``data`` has, as ``packaging`` would give them."""
    plain = _split(data)
    if plain is not None:
        return _chosen(plain)
    # Importing it takes as long as splitting a hundred.
    from packaging.metadata import parse_email  # noqa: PLC0415 - see above

    return parse_email(data)[0]


def _split(data: bytes) -> dict[str, list[str]] | None:
    """Values by header in lower case; None when the email package should look at it."""
    head = data.partition(b"\n\n")[0].removesuffix(b"\n")
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\r" in text:
        return None
    found: dict[str, list[str]] = {}
    last = ""
    for line in text.split("\n"):
        if line[:1] in _FOLDS and line and last:
            if not _continue(found, last, line):
                return None
            continue
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            return None
        last = name.lower()
        if last in _OURS:
            if not value.isascii():
                return None
            found.setdefault(last, []).append(value.lstrip(" \t"))
    return found


def _continue(found: dict[str, list[str]], last: str, line: str) -> bool:
    """Add a folded line to the header before it; False when that is better left to the parser."""
    if last not in _OURS:
        return True
    # Texts of licences are long; nothing else of ours should be folded. Versions of Python differ
    # on a first line that is empty.
    if last != "license" or not found[last][-1] or not line.isascii():
        return False
    found[last][-1] += f"\n{line}"
    return True


def _chosen(found: dict[str, list[str]]) -> "RawMetadata":
    raw: dict[str, Any] = {
        field: found[name][0] for name, field in _SINGLE.items() if len(found.get(name, ())) == 1
    }
    raw |= {field: found[name] for name, field in _MULTIPLE.items() if name in found}
    return cast("RawMetadata", raw)
