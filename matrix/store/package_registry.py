"""The generic package registry of a GitLab project, as its API shows it."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from matrix.edge import files
from matrix.errors import IndexUnavailable, Problem
from matrix.index.no_answer import NoAnswer
from matrix.index.transport import NOT_FOUND, Answer, Transport

PER_PAGE: Final = 100
MOST_PAGES: Final = 10
"""Of one list; names are searched by likeness, so a page may hold others."""
_HINT: Final = (
    "switch on the package registry of the project: Settings > General > Visibility, and give "
    "the person who starts the pipeline the role Developer"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFacts:
    """A pipeline that uploaded a file."""

    id: int
    project: int
    ref: str
    sha: str
    source: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """A file of a package; without pipelines a person uploaded it."""

    name: str
    sha256: str
    pipelines: tuple[PipelineFacts, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One version of a generic package."""

    id: int
    version: str


class PackageRegistry:
    """Requests to the registry of one project."""

    def __init__(self, transport: Transport, *, project: str) -> None:
        self._transport = transport
        self._packages = f"{transport.index}projects/{quote(project, safe='')}/packages"

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def list_packages(self, name: str, *, version: str = "", most: int) -> tuple[Package, ...]:
        """The packages of that name, the newest first and at most ``most``."""
        fields = {"package_type": "generic", "package_name": name}
        fields |= {"order_by": "created_at", "sort": "desc"}
        fields |= {"package_version": version} if version else {}
        packages = []
        for row in self._read_list(self._packages, fields, wanted="the packages of the store"):
            if row.get("name") == name and version in {"", row.get("version")}:
                packages.append(Package(id=_number(row, "id"), version=_text(row, "version")))
            if len(packages) == most:
                break
        return tuple(packages)

    def list_files(self, package: Package) -> tuple[PackageFile, ...]:
        """The files of a package, the oldest first."""
        url = f"{self._packages}/{package.id}/package_files"
        return tuple(
            PackageFile(
                name=_text(row, "file_name"),
                sha256=_text(row, "file_sha256"),
                pipelines=tuple(map(_read_pipeline, row.get("pipelines") or ())),
            )
            for row in self._read_list(url, {}, wanted="the files of a package")
        )

    def get(self, name: str, version: str, filename: str) -> bytes | None:
        """The newest file of that name; none when there is no such file."""
        url = self.locate(name, version, filename)
        answer = self._transport.get(url, headers={}, wanted=filename)
        return None if answer.status_code == NOT_FOUND else answer.content

    def get_range(
        self, name: str, version: str, filename: str, *, start: int, size: int
    ) -> bytes | None:
        """``size`` bytes of a file from ``start`` on; none when there is no such file."""
        url = self.locate(name, version, filename)
        headers = {"Range": f"bytes={start}-{start + size - 1}"}
        answer = self._transport.get(url, headers=headers, wanted=filename)
        if answer.status_code == NOT_FOUND:
            return None
        # A server that takes no ranges sends the whole file.
        is_whole = answer.headers.get("Content-Range") is None
        return answer.content[start : start + size] if is_whole else answer.content

    def list_releases(self) -> tuple[Mapping[str, Any], ...]:
        """The newest releases of the project."""
        url = f"{self._packages.removesuffix('/packages')}/releases"
        answer = self._transport.get(
            f"{url}?per_page={PER_PAGE}", headers={}, wanted="the releases"
        )
        # A project may have no releases at all: the feature is switched off.
        return () if answer.status_code == NOT_FOUND else tuple(_parse_rows(answer))

    def fetch(self, name: str, version: str, filename: str, path: Path, *, sha256: str) -> bool:
        """Write a file to ``path``, its digest checked; whether there is such a file."""
        url = self.locate(name, version, filename)
        try:
            with self._transport.stream(url, wanted=filename) as chunks:
                files.write_stream(path, chunks, sha256=sha256, name=filename)
        except NoAnswer as error:
            if error.status == NOT_FOUND:
                return False
            raise
        return True

    def put(self, name: str, version: str, filename: str, content: bytes | Path) -> None:
        """Upload a file; one of the same name stays, and the newer one is what ``get`` gives."""
        self._transport.put(self.locate(name, version, filename), content, wanted=filename)

    def delete(self, package: Package) -> bool:
        """Delete a package; whether that was allowed."""
        return self._transport.delete(
            f"{self._packages}/{package.id}", wanted="to delete a package"
        )

    def locate(self, name: str, version: str, filename: str) -> str:
        """The address of a file."""
        parts = (quote(part, safe="") for part in (name, version, filename))
        return f"{self._packages}/generic/{'/'.join(parts)}"

    def _read_list(
        self, url: str, fields: Mapping[str, str], *, wanted: str
    ) -> Iterator[Mapping[str, Any]]:
        for page in range(1, MOST_PAGES + 1):
            query = urlencode({**fields, "per_page": PER_PAGE, "page": page})
            answer = self._transport.get(f"{url}?{query}", headers={}, wanted=wanted)
            rows = _parse_rows(answer)
            yield from rows
            if len(rows) < PER_PAGE:
                return


def _parse_rows(answer: Answer) -> Sequence[Mapping[str, Any]]:
    if answer.status_code == NOT_FOUND:
        what = "the package registry of the project was not found"
        raise IndexUnavailable(Problem(place=_place(answer), what=what, hint=_HINT))
    try:
        loaded = json.loads(answer.content)
    except (ValueError, RecursionError):
        loaded = None
    if not isinstance(loaded, list) or not all(isinstance(row, dict) for row in loaded):
        raise _refuse(_place(answer), "a list of objects as JSON")
    return loaded


def _read_pipeline(row: object) -> PipelineFacts:
    fields = row if isinstance(row, dict) else {}
    return PipelineFacts(
        id=_number(fields, "id"),
        project=_number(fields, "project_id"),
        ref=_text(fields, "ref"),
        sha=_text(fields, "sha"),
        source=_text(fields, "source"),
    )


def _number(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    if not isinstance(value, int):
        raise _refuse("package registry", f"the number {name!r}")
    return value


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _place(answer: Answer) -> str:
    return answer.url.partition("?")[0]


def _refuse(place: str, expected: str) -> IndexUnavailable:
    return IndexUnavailable(Problem(place=place, what=f"expected {expected}, got something else"))
