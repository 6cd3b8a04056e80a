"""
The bundles that a repository on GitHub has released.

A release holds a bundle as parts. ``parts.json`` says where the record and each wheel are in them,
so that one wheel of a release costs ranged requests and not a download of all.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matrix.edge import files, limits
from matrix.errors import DigestMismatch, MatrixError, Problem
from matrix.index.tasks import TaskPool
from matrix.pipelines import release as tags
from matrix.record import parts, schema
from matrix.record.canonical import InvalidRecord
from matrix.record.parts import Member, Parts
from matrix.store.github_api import GitHubApi
from matrix.store.lookup import Damaged, StoredWheel
from matrix.store.released import MOST_RECORDS, ReleasedBundle
from matrix.store.released_records import BuiltNames, parse_record

_FIRST_WITH_MEMBERS: Final = 3
_HINT: Final = "--no-store plans without the releases, and may build other bytes under their names"


class GitHubReleases:
    """The releases of a repository whose bundles are called ``bundle``."""

    def __init__(self, api: GitHubApi, *, bundle: str, tags: str = tags.DEFAULT) -> None:
        self._api = api
        self._bundle = bundle
        self._prefix = tags
        self._tasks = TaskPool(1)
        self._lines: list[str] = []

    @property
    def lines(self) -> Sequence[str]:
        """The releases that an older version made."""
        return self._lines

    def list_bundles(self) -> Iterator[ReleasedBundle]:
        """The newest releases with parts; a record that cannot be read is an error."""
        number = 0
        for row in self._list():
            assets = _list_assets(row)
            if not (self._has_tag(row) and parts.FILENAME in assets):
                continue
            tag = str(row["tag_name"])
            content = self._read_asset(tag, assets, parts.FILENAME)
            if schema_number := find_older_schema(content):
                what = f"its {parts.FILENAME} has schema {schema_number}, which lists no wheels"
                self._lines.append(f"release {tag} not read: {what}")
                continue
            listing = self._read_parts(tag, assets)
            if not listing.label.startswith(f"{self._bundle}-"):
                continue
            yield ReleasedBundle(release=tag, record=self._read_record(tag, assets, listing))
            number += 1
            if number == MOST_RECORDS:
                return

    def _has_tag(self, row: Mapping[str, Any]) -> bool:
        return tags.is_tag(str(row.get("tag_name")), self._prefix)

    def fetch(self, release: str, wheel: StoredWheel, path: Path) -> None:
        """Read a wheel out of the parts of a release."""
        assets = next(
            (_list_assets(row) for row in self._list() if row.get("tag_name") == release), None
        )
        if assets is None or parts.FILENAME not in assets:
            raise Damaged("expired", f"release {release} is gone")
        listing = self._read_parts(release, assets)
        place = f"files/{wheel.filename}"
        member = next((each for each in listing.members if each.path == place), None)
        if member is None or member.size != wheel.size:
            raise Damaged("damaged", f"release {release} has no {place} of {wheel.size} bytes")
        content = self._read_member(release, assets, listing, member)
        try:
            files.write_stream(path, [content], sha256=wheel.sha256, name=wheel.filename)
        except DigestMismatch as error:
            raise Damaged("damaged", error.problems[0].what) from error

    def _list(self) -> tuple[Mapping[str, Any], ...]:
        return self._tasks.run(
            "releases",
            lambda: tuple(self._api.list_rows("/releases", key="", wanted="the releases", pages=1)),
        )

    def _read_parts(self, tag: str, assets: Mapping[str, int]) -> Parts:
        content = self._read_asset(tag, assets, parts.FILENAME)
        try:
            return parts.parse(content.decode("utf-8"))
        except (InvalidRecord, UnicodeDecodeError) as error:
            what = f"{parts.FILENAME}: {error}"
            problem = Problem(place=f"release {tag}", what=what, hint=_HINT)
            raise MatrixError(problem) from error

    def _read_asset(self, tag: str, assets: Mapping[str, int], name: str) -> bytes:
        def read() -> bytes:
            path = f"/releases/assets/{assets[name]}"
            return self._api.read_file(path, wanted=f"{name} of {tag}") or b""

        return self._tasks.run(("asset", tag, name), read)

    def _read_record(self, tag: str, assets: Mapping[str, int], listing: Parts) -> BuiltNames:
        place = f"release {tag}"
        member = next((each for each in listing.members if each.path == schema.FILENAME), None)
        if member is None or member.size > limits.cap("carried text bytes"):
            what = f"{parts.FILENAME} has no place of {schema.FILENAME}"
            raise MatrixError(Problem(place=place, what=what, hint=_HINT))
        try:
            content = self._read_member(tag, assets, listing, member)
        except Damaged as error:
            raise MatrixError(Problem(place=place, what=str(error), hint=_HINT)) from error
        files.check(content, sha256=listing.record_sha256, name=f"{schema.FILENAME} of {place}")
        return parse_record(content, place=place)

    def _read_member(
        self, tag: str, assets: Mapping[str, int], listing: Parts, member: Member
    ) -> bytes:
        content = bytearray()
        for filename, offset, size in parts.split_range(listing, member):
            if filename not in assets:
                raise Damaged("damaged", f"release {tag} has no {filename}")
            path = f"/releases/assets/{assets[filename]}"
            wanted = f"{member.path} of {filename}"
            piece = self._api.read_range(path, start=offset, size=size, wanted=wanted)
            content += piece or b""
        return bytes(content)


def _list_assets(row: Mapping[str, Any]) -> Mapping[str, int]:
    """The ids of the files of a release, by name."""
    return {
        str(asset.get("name")): int(asset["id"])
        for asset in row.get("assets") or ()
        if asset.get("id") and asset.get("state") == "uploaded"
    }


def find_older_schema(content: bytes) -> int:
    """The schema of a ``parts.json`` that lists no members; 0 for any other text."""
    try:
        number = json.loads(content)["schema"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return 0
    return number if type(number) is int and 0 < number < _FIRST_WITH_MEMBERS else 0
