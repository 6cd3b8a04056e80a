"""
Bodies of requests: JSON, and the form of the legacy upload API (PyPI's ``file_upload``).

A wheel is streamed from disk with a known length. Names and versions are sent, and what pages show:
Requires-Python always, even empty, since some servers refuse a form without it. Descriptions and
keywords are not: servers limit their length, and no installer reads them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matrix.distributions import headers
from matrix.edge import files
from matrix.errors import Problem, UsageError
from matrix.record.schema import RecordedWheel

_BOUNDARY: Final = "----wheelyard-9c1e5b0a7d2f4e83-form"
_FIELDS: Final = ("license_expression", "requires_dist", "provides_extra", "classifiers")
"""Of the core metadata, by their names in the form too."""


@dataclasses.dataclass(frozen=True)
class Body:
    """A body whose length is known before it is sent."""

    name: str
    content_type: str
    head: bytes
    file: Path | None = None
    tail: bytes = b""

    @property
    def length(self) -> int:
        size = self.file.stat().st_size if self.file is not None else 0
        return len(self.head) + size + len(self.tail)

    def read(self) -> Iterator[bytes]:
        """Yield the body in pieces, from disk."""
        yield self.head
        if self.file is not None:
            with files.reading(self.file) as stream:
                yield from iter(lambda: stream.read(files.CHUNK), b"")
        if self.tail:
            yield self.tail


def make_json_body(value: object) -> Body:
    """``value`` as a JSON body."""
    return Body("request", "application/json", json.dumps(value).encode("utf-8"))


def make_upload(wheel: RecordedWheel, path: Path, metadata: bytes) -> Body:
    """The form that uploads the wheel at ``path`` with its core metadata."""
    fields = [
        *_list_common(wheel.project, wheel.version, "bdist_wheel", wheel.sha256),
        ("pyversion", wheel.filename.split("-")[-3]),
        ("requires_python", wheel.requires_python),
        *_list_metadata(metadata),
    ]
    return _make_form(fields, wheel.filename, path)


def make_file_upload(project: str, version: str, path: Path, sha256: str) -> Body:
    """The form that uploads a file of ours, as a source distribution."""
    fields = [
        *_list_common(project, version, "sdist", sha256),
        ("pyversion", "source"),
        ("metadata_version", "2.1"),
        ("requires_python", ""),
    ]
    return _make_form(fields, path.name, path)


def _list_common(
    project: str, version: str, filetype: str, sha256: str
) -> Iterator[tuple[str, str]]:
    yield ":action", "file_upload"
    yield "protocol_version", "1"
    yield "name", project
    yield "version", version
    yield "filetype", filetype
    yield "sha256_digest", sha256


def _list_metadata(metadata: bytes) -> Iterator[tuple[str, str]]:
    raw: Mapping[str, Any] = headers.parse(metadata)
    yield "metadata_version", raw.get("metadata_version", "2.1")
    for field in _FIELDS:
        value = raw.get(field, [])
        for text in [value] if isinstance(value, str) else value:
            yield field, text


def _make_form(fields: Sequence[tuple[str, str]], filename: str, path: Path) -> Body:
    pieces = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    if any(_BOUNDARY in value for _, value in fields):
        what = "the core metadata holds the boundary of the form"
        raise UsageError(Problem(place=filename, what=what))
    pieces.append(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{filename}"'
        "\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    return Body(
        filename,
        f"multipart/form-data; boundary={_BOUNDARY}",
        "".join(pieces).encode("utf-8"),
        path,
        f"\r\n--{_BOUNDARY}--\r\n".encode(),
    )
