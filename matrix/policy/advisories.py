"""
Known vulnerabilities, from a snapshot of OSV records (https://ossf.github.io/osv-schema/).

No service is used: the snapshot is a file. A version that cannot be compared counts as affected,
because a reader can dismiss a line but not miss one.
"""

import dataclasses
import json
import operator
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.edge import files, limits
from matrix.edge.foreign import describe, translate_errors
from matrix.errors import MatrixError, Problem

ECOSYSTEM: Final = "PyPI"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """
    One project of one record: versions one by one, and ranges of events.

    An event is (kind, version as written); kinds are OSV's ``introduced``, ``fixed``,
    ``last_affected`` and ``limit``.
    """

    project: NormalizedName
    versions: frozenset[str]
    ranges: tuple[tuple[tuple[str, str], ...], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """One vulnerability that has not been withdrawn."""

    id: str
    aliases: frozenset[str]
    summary: str
    affected: tuple[Affected, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The records that touch projects of an index, by project."""

    name: str
    advisories_by_project: Mapping[NormalizedName, tuple[Advisory, ...]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Vulnerability:
    """A release that records call vulnerable: all their names, and the versions that fix it."""

    project: str
    version: str
    ids: tuple[str, ...]
    summary: str
    fixed: tuple[str, ...]


def read(path: Path) -> Snapshot:
    """The records in a zip file, or in a directory and those below it."""
    by_project: dict[NormalizedName, list[Advisory]] = {}
    for place, content in _members(path):
        record = _parse(content, place=place)
        if record is None:
            continue
        for project in {affected.project for affected in record.affected}:
            by_project.setdefault(project, []).append(record)
    if not by_project:
        what = f"expected OSV records of {ECOSYSTEM}, got none"
        raise MatrixError(Problem(place=str(path), what=what))
    by_id = operator.attrgetter("id")
    records = {name: tuple(sorted(group, key=by_id)) for name, group in by_project.items()}
    return Snapshot(name=path.name, advisories_by_project=records)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            with files.reading(file) as stream:
                yield str(file), stream.read(limits.cap("advisory bytes") + 1)
        return

    def refuse(reason: str) -> MatrixError:
        what = f"expected a zip file or a directory of OSV records, got neither: {reason}"
        return MatrixError(Problem(place=str(path), what=what))

    with (
        files.reading(path) as stream,
        translate_errors(refuse),
        zipfile.ZipFile(stream) as archive,
    ):
        infos = sorted(
            (info for info in archive.infolist() if info.filename.endswith(".json")),
            key=operator.attrgetter("filename"),
        )
        # What the directory states, zipfile does not exceed when it reads.
        limits.check("advisories bytes", sum(info.file_size for info in infos), refuse)
        for info in infos:
            limits.check("advisory bytes", info.file_size, refuse)
            yield f"{path}: {info.filename}", archive.read(info)


def _parse(content: bytes, *, place: str) -> Advisory | None:
    def refuse(reason: str) -> MatrixError:
        what = f"expected an OSV record, got something else: {reason}"
        return MatrixError(Problem(place=place, what=what))

    limits.check("advisory bytes", len(content), refuse)
    try:
        loaded = json.loads(content)
        if loaded.get("withdrawn"):
            return None
        return Advisory(
            id=str(loaded["id"]),
            aliases=frozenset(map(str, loaded.get("aliases") or ())),
            summary=str(loaded.get("summary") or loaded.get("details") or ""),
            affected=tuple(_parse_affected(loaded.get("affected") or ())),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise refuse(f"{type(error).__name__} {describe(error)}") from error


def _parse_affected(entries: Iterable[Mapping[str, Any]]) -> Iterator[Affected]:
    for entry in entries:
        package = entry.get("package") or {}
        if package.get("ecosystem", "").partition(":")[0] == ECOSYSTEM:
            ranges = (r for r in entry.get("ranges") or () if r["type"] == "ECOSYSTEM")
            yield Affected(
                project=canonicalize_name(package["name"]),
                versions=frozenset(map(str, entry.get("versions") or ())),
                ranges=tuple(
                    tuple(
                        (kind, str(text))
                        for event in span["events"]
                        for kind, text in event.items()
                    )
                    for span in ranges
                ),
            )


def find_vulnerabilities(
    snapshot: Snapshot, releases: Iterable[tuple[str, str]]
) -> tuple[Vulnerability, ...]:
    """The vulnerabilities of ``releases``; records that are aliases of one another count once."""
    vulnerabilities = []
    for project, version in releases:
        known = snapshot.advisories_by_project.get(canonicalize_name(project), ())
        hits = [record for record in known if is_affected(record, project, version)]
        vulnerabilities += [_merge_records(project, version, group) for group in _same(hits)]
    return tuple(sorted(vulnerabilities))


def look_up(snapshot: Snapshot) -> Callable[[NormalizedName, Version], Sequence[Vulnerability]]:
    """A function from one release to its vulnerabilities in the snapshot."""
    return lambda project, version: find_vulnerabilities(snapshot, [(project, str(version))])


def is_affected(record: Advisory, project: str, version: str) -> bool:
    """Whether ``record`` holds for the release: by a listed version or by a range."""
    name = canonicalize_name(project)
    return any(
        _is_in_versions(version, affected.versions)
        or any(_is_in(version, r) for r in affected.ranges)
        for affected in record.affected
        if affected.project == name
    )


def _is_in_versions(version: str, versions: frozenset[str]) -> bool:
    # Written 1.0 or 1.0.0, with a local label or without: the same release to pip.
    wanted = _version(version)
    return version in versions or any(
        wanted is not None and _version(v) == wanted for v in versions
    )


def _is_in(version: str, events: tuple[tuple[str, str], ...]) -> bool:
    wanted = _version(version)
    if wanted is None:
        return True
    limits = [_version(text) for kind, text in events if kind == "limit" and text != "*"]
    if limits and not any(limit is None or wanted < limit for limit in limits):
        return False
    is_vulnerable = False
    for at, _, kind in sorted(_comparable(events)):
        if kind == "introduced" and wanted >= at:
            is_vulnerable = True
        elif (kind == "fixed" and wanted >= at) or (kind == "last_affected" and wanted > at):
            is_vulnerable = False
    return is_vulnerable


# At one and the same version: where a range is fixed the next may begin, and what begins there may
# be the last affected at once.
_RANK: Final = {"fixed": 0, "introduced": 1, "last_affected": 2}
_START: Final = Version("0.dev0")


def _comparable(events: Iterable[tuple[str, str]]) -> Iterator[tuple[Version, int, str]]:
    for kind, text in events:
        at = _START if text == "0" else _version(text)
        if at is None and kind == "introduced":
            at = _START
        if at is not None and kind in _RANK:
            yield at, _RANK[kind], kind


def _version(text: str) -> Version | None:
    try:
        return Version(Version(text).public)
    except ValueError:
        # InvalidVersion is one; int() raises the other for more than 4,300 digits.
        return None


def _same(records: Iterable[Advisory]) -> list[list[Advisory]]:
    """Groups of records that name each other, or the same alias."""
    groups: list[tuple[set[str], list[Advisory]]] = []
    for record in records:
        names, members = {record.id, *record.aliases}, [record]
        apart = []
        for known, grouped in groups:
            if known & names:
                names, members = names | known, grouped + members
            else:
                apart.append((known, grouped))
        groups = [*apart, (names, members)]
    return [members for _, members in groups]


def _merge_records(project: str, version: str, group: list[Advisory]) -> Vulnerability:
    ids = {name for record in group for name in (record.id, *record.aliases)}
    fixes = {
        text
        for record in group
        for affected in record.affected
        if affected.project == canonicalize_name(project)
        for events in affected.ranges
        for kind, text in events
        if kind == "fixed"
    }
    return Vulnerability(
        project=project,
        version=version,
        ids=tuple(sorted(ids)),
        summary=min((record.summary for record in group if record.summary), default=""),
        fixed=select_later(fixes, than=version),
    )


def select_later(texts: Iterable[str], *, than: str) -> tuple[str, ...]:
    """The versions above ``than``, lowest first, as they are written."""
    current = _version(than)
    text_by_version = {
        version: text
        for text in texts
        if (version := _version(text)) and (not current or version > current)
    }
    return tuple(text_by_version[v] for v in sorted(text_by_version))
