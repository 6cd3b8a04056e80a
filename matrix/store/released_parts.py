"""
Released bundles that lie as parts beside a release of a CI service.

``parts.json`` says where the record and each wheel are in the parts, so that one wheel of a release
costs ranged requests and not a download of all.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from matrix.edge import files, limits
from matrix.errors import DigestMismatch, MatrixError, Problem
from matrix.index.tasks import TaskPool
from matrix.record import parts, schema
from matrix.record.canonical import InvalidRecord
from matrix.record.parts import Member, Parts
from matrix.store.lookup import Damaged, StoredWheel
from matrix.store.released import MOST_RECORDS, ReleasedBundle
from matrix.store.released_records import BuiltNames, parse_record

_FIRST_WITH_MEMBERS: Final = 3
_PIECE: Final = 32 << 20
"""Bytes of one request."""
_HINT: Final = "--no-store plans without the releases, and may build other bytes under their names"


class ReleaseFiles(Protocol):
    """The files beside the releases of one service."""

    def list_tags(self) -> Iterator[str]:
        """The tags of releases that may be believed, the newest first."""

    def read(self, tag: str, filename: str) -> bytes | None:
        """A small file of a release; None when the release has no such file."""

    def read_range(self, tag: str, filename: str, *, start: int, size: int) -> bytes | None:
        """``size`` bytes of a file from ``start`` on."""

    def find_record_digest(self, tag: str) -> str:
        """The digest of the record that the release itself tells; empty when it tells none."""

    @property
    def lines(self) -> Sequence[str]:
        """What was passed over, for people."""


class ReleasedParts:
    """The releases of a repository whose bundles are called ``bundle``."""

    def __init__(self, source: ReleaseFiles, *, bundle: str) -> None:
        self._source = source
        self._bundle = bundle
        self._tasks = TaskPool(1)
        self._lines: list[str] = []

    @property
    def lines(self) -> Sequence[str]:
        """The releases that were passed over."""
        return (*self._lines, *self._source.lines)

    def list_bundles(self) -> Iterator[ReleasedBundle]:
        """The newest releases with parts; a record that cannot be read is an error."""
        number = 0
        for tag in self._source.list_tags():
            content = self._read(tag, parts.FILENAME)
            if content is None:
                continue
            if older := find_older_schema(content):
                what = f"its {parts.FILENAME} has schema {older}, which lists no wheels"
                self._lines.append(f"release {tag} not read: {what}")
                continue
            listing = _parse_parts(content, tag)
            if not listing.label.startswith(f"{self._bundle}-"):
                continue
            yield ReleasedBundle(release=tag, record=self._read_record(tag, listing))
            number += 1
            if number == MOST_RECORDS:
                return

    def fetch(self, release: str, wheel: StoredWheel, path: Path) -> None:
        """Read a wheel out of the parts of a release."""
        content = self._read(release, parts.FILENAME)
        if content is None:
            raise Damaged("expired", f"release {release} is gone")
        listing = _parse_parts(content, release)
        place = f"files/{wheel.filename}"
        member = next((each for each in listing.members if each.path == place), None)
        if member is None or member.size != wheel.size:
            raise Damaged("damaged", f"release {release} has no {place} of {wheel.size} bytes")
        try:
            pieces = self._read_member(release, listing, member)
            files.write_stream(path, pieces, sha256=wheel.sha256, name=wheel.filename)
        except DigestMismatch as error:
            raise Damaged("damaged", error.problems[0].what) from error

    def _read(self, tag: str, filename: str) -> bytes | None:
        return self._tasks.run((tag, filename), lambda: self._source.read(tag, filename))

    def _read_record(self, tag: str, listing: Parts) -> BuiltNames:
        place = f"release {tag}"
        member = next((each for each in listing.members if each.path == schema.FILENAME), None)
        if member is None or member.size > limits.cap("carried text bytes"):
            what = f"{parts.FILENAME} has no place of {schema.FILENAME}"
            raise MatrixError(Problem(place=place, what=what, hint=_HINT))
        try:
            content = b"".join(self._read_member(tag, listing, member))
        except Damaged as error:
            raise MatrixError(Problem(place=place, what=str(error), hint=_HINT)) from error
        sha256 = self._source.find_record_digest(tag) or listing.record_sha256
        files.check(content, sha256=sha256, name=f"{schema.FILENAME} of {place}")
        return parse_record(content, place=place)

    def _read_member(self, tag: str, listing: Parts, member: Member) -> Iterator[bytes]:
        for filename, first, length in parts.split_range(listing, member):
            for start in range(first, first + length, _PIECE):
                size = min(_PIECE, first + length - start)
                piece = self._source.read_range(tag, filename, start=start, size=size)
                if piece is None:
                    raise Damaged("damaged", f"release {tag} has no {filename}")
                yield piece


def _parse_parts(content: bytes, tag: str) -> Parts:
    try:
        return parts.parse(content.decode("utf-8"))
    except (InvalidRecord, UnicodeDecodeError) as error:
        problem = Problem(place=f"release {tag}", what=f"{parts.FILENAME}: {error}", hint=_HINT)
        raise MatrixError(problem) from error


def find_older_schema(content: bytes) -> int:
    """The schema of a ``parts.json`` that lists no members; 0 for any other text."""
    try:
        number = json.loads(content)["schema"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return 0
    return number if type(number) is int and 0 < number < _FIRST_WITH_MEMBERS else 0
