"""
An index in memory, for graphs that a test makes up: no files, no server, a millisecond each.

Pages and metadata are written as an index writes them and read by the tool's own readers; only the
way between is left out.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from packaging.utils import NormalizedName

from matrix.distributions import core_metadata
from matrix.distributions.core_metadata import Fields
from matrix.edge.progress import Loudness, Reporter
from matrix.index import page
from matrix.index.client import Index
from matrix.index.oddities import Oddities
from matrix.index.page import Page, PublishedFile
from matrix.manifest.model import Manifest
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock
from matrix.resolve.resolving import resolve

from .wheels import metadata


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a project, with one wheel."""

    requires: tuple[str, ...] = ()
    requires_python: str = ""
    extras: tuple[str, ...] = ()
    tag: str = "py2.py3-none-any"


Graph = Mapping[str, Mapping[str, Release]]
"""Project to version to release."""


class MemoryIndex:
    """What a resolution asks of an ``Index``, answered from a graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.oddities = Oddities()
        self._pages: dict[str, Page] = {}
        self.read: set[str] = set()
        """The files whose metadata was asked for, by name."""

    def fetch_page(self, project: NormalizedName) -> Page | None:
        if project not in self._graph:
            return None
        if project not in self._pages:
            entries = [_entry(project, v, r) for v, r in self._graph[project].items()]
            body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": entries})
            kind = "application/vnd.pypi.simple.v1+json"
            url = f"https://index.example/simple/{project}/"
            self._pages[project] = page.parse(
                body.encode(), content_type=kind, project=project, url=url
            )
        return self._pages[project]

    def fetch_metadata(self, file: PublishedFile) -> bytes:
        self.read.add(file.filename)
        release = self._graph[file.project][str(file.version)]
        return metadata(
            file.project,
            str(file.version),
            requires=release.requires,
            requires_python=release.requires_python,
            extras=release.extras,
        ).encode()

    def has_fields(self, file: PublishedFile) -> bool:  # noqa: ARG002 - it costs nothing here
        return True

    def fetch_fields(self, file: PublishedFile) -> Fields:
        return core_metadata.parse_fields(self.fetch_metadata(file))

    def fetch_file(self, file: PublishedFile) -> Path:
        raise AssertionError(f"{file.filename}: these graphs have wheels only")


def _entry(project: str, version: str, release: Release) -> dict[str, object]:
    filename = f"{project.replace('-', '_')}-{version}-{release.tag}.whl"
    return {
        "filename": filename,
        "url": f"https://index.example/files/{filename}",
        "hashes": {"sha256": hashlib.sha256(filename.encode()).hexdigest()},
        "requires-python": release.requires_python or None,
        "size": 1000,
        "yanked": False,
        "upload-time": "2024-01-01T00:00:00Z",
        "core-metadata": True,
    }


def lock_of(wanted: Manifest, graph: Graph, old: Lock | None = None) -> Lock:
    """The lock of a manifest on a graph, with the pins of an older one."""
    pins = lockfile.read_pins(old, upgrade=frozenset())
    reporter = Reporter.on_stderr(Loudness.QUIET)
    return resolve(wanted, cast("Index", MemoryIndex(graph)), pins=pins, reporter=reporter)


def picked(lock: Lock, target: str, root: str) -> dict[str, str]:
    """Project to version of what ``root`` installs on ``target``; empty when nothing."""
    found = [s for s in lock.solutions if s.root == root and target in s.targets]
    return {project: str(version) for s in found for project, version in s.pins}
