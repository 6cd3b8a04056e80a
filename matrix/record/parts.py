"""
``parts.json``: a bundle as one uncompressed tar, cut into files that a service accepts.

``cat NAME.tar.part* | tar x`` puts it together anywhere; the digests tell a damaged or missing part
from a bundle that is wrong. A directory of parts holds the parts, ``parts.json``, the files that it
lists, and perhaps the record's signature: nothing else, so that it cannot be taken for a bundle.
"""

import dataclasses
import re
from typing import Final, Literal

from matrix.edge import limits
from matrix.record import canonical, schema
from matrix.record.canonical import InvalidRecord

SCHEMA: Final = 3
FILENAME: Final = "parts.json"
NOTES: Final = "NOTES.md"
"""The bundle's notes and how to verify the parts: a release shows it as its text."""

PROGRAM: Final = "wheelyard.pyz"
"""The bundle's own program of the far side, which joins the parts, too."""

# The bundle's own directory name, which becomes a path on the machine that joins the parts.
_LABEL: Final = re.compile(r"[a-z0-9][A-Za-z0-9._-]{0,120}")
_FILENAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,120}[A-Za-z0-9])?")
_VERIFY: Final = """
## Verify

The sha256 of `bundle.json` is `{sha256}`. Take it from the page of the release, not from the medium
that carries the files:

    wheelyard verify . --sha256 {sha256}
"""
_VERIFY_BY_PROGRAM: Final = """
A machine that has Python 3.9 or newer, and nothing else, uses the program beside this text. Its
sha256 must come by another way, too, and must be `{program_sha256}`:

    python3 -I wheelyard.pyz verify . --sha256 {sha256}
"""


@dataclasses.dataclass(frozen=True)
class Part:
    """One file beside ``parts.json``."""

    filename: str
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True, order=True)
class Member:
    """
    A file of the bundle in the tar: its bytes from ``offset`` on.

    So that one wheel of a release can be read without the others.
    """

    path: str
    offset: int
    size: int


@dataclasses.dataclass(frozen=True)
class Parts:
    """The whole of ``parts.json``; the parts are in order."""

    label: str
    """The one directory at the top of the tar."""
    parts: tuple[Part, ...]
    record_sha256: str
    """The digest of the bundle's ``bundle.json``, which a release's text tells as well."""
    files: tuple[Part, ...]
    """Other files of the directory, sorted by name: a copy of the notes, programs."""
    members: tuple[Member, ...]
    """The record and the wheels, sorted by path."""
    schema: Literal[3] = SCHEMA


def name_part(label: str, number: int) -> str:
    """
    Return the filename of the ``number``th part, counted from one.

    >>> name_part("acme-2026.11.1", 7)
    'acme-2026.11.1.tar.part007'
    """
    return f"{label}.tar.part{number:03d}"


def render_notes(notes: bytes, record_sha256: str, *, program_sha256: str = "") -> bytes:
    """
    The bundle's notes, with the digests that they could not contain themselves.

    ``program_sha256`` is that of ``wheelyard.pyz``, empty where none lies beside them.
    """
    text = _VERIFY.format(sha256=record_sha256)
    if program_sha256:
        text += _VERIFY_BY_PROGRAM.format(sha256=record_sha256, program_sha256=program_sha256)
    return notes + text.encode("utf-8")


def dump(parts: Parts) -> str:
    """The text of ``parts.json``."""
    return canonical.dump(parts)


def parse(text: str) -> Parts:
    """Invert ``dump``; raises ``InvalidRecord``, for names too that could lead elsewhere."""
    parsed = canonical.load(Parts, text)
    if not is_label(parsed.label):
        raise InvalidRecord(f"label: expected a bundle's name and version, got {parsed.label!r}")
    if not parsed.parts:
        raise InvalidRecord("parts: expected at least 1, got none")
    limits.check("parts", len(parsed.parts), InvalidRecord)
    for number, part in enumerate(parsed.parts, start=1):
        if part.filename != (expected := name_part(parsed.label, number)):
            got = f"got {part.filename!r}"
            raise InvalidRecord(f"parts[{number - 1}].filename: expected {expected!r}, {got}")
    _check_files(parsed)
    _check_members(parsed)
    return parsed


def _check_files(parts: Parts) -> None:
    names = [file.filename for file in parts.files]
    taken = {FILENAME, schema.FILENAME, schema.SIGNATURE, *(part.filename for part in parts.parts)}
    for number, name in enumerate(names):
        if name in taken or not _FILENAME.fullmatch(name):
            what = f"expected the name of a file beside the parts, got {name!r}"
            raise InvalidRecord(f"files[{number}].filename: {what}")
    if names != sorted(set(names)):
        raise InvalidRecord("files: expected each file once, sorted by name")


def _check_members(parts: Parts) -> None:
    limits.check("members", len(parts.members), InvalidRecord)
    size = sum(part.size for part in parts.parts)
    for number, member in enumerate(parts.members):
        if member.offset + member.size > size:
            what = f"expected a place in {size} bytes, got {member.size} from {member.offset}"
            raise InvalidRecord(f"members[{number}]: {what}")
    paths = [member.path for member in parts.members]
    if paths != sorted(set(paths)):
        raise InvalidRecord("members: expected each file once, sorted by path")


def split_range(parts: Parts, member: Member) -> tuple[tuple[str, int, int], ...]:
    """
    Return where the bytes of ``member`` are: file name, offset and size, in order.

    A file may begin in one part and end in another.
    """
    pieces = []
    start, end, first = member.offset, member.offset + member.size, 0
    for part in parts.parts:
        low, high = max(start, first), min(end, first + part.size)
        if low < high:
            pieces.append((part.filename, low - first, high - low))
        first += part.size
    return tuple(pieces)


def is_label(text: str) -> bool:
    """Whether ``text`` can name a directory on every system that a bundle passes."""
    return bool(_LABEL.fullmatch(text)) and not text.endswith(".")
