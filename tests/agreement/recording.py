"""Stores from what is real: an index, asked as things are needed, or a directory of wheels."""

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from matrix.edge.files import write
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.page import PublishedFile
from matrix.index.settings import Settings
from matrix.index.transport import Transport


class Recorder:
    """Keeps in a store what an index answers; only wheels, since nothing is built here."""

    def __init__(self, url: str, store: Path) -> None:
        settings = Settings(url=url, ca_bundle=os.environ.get("PIP_CERT", ""))
        self._index = Index(Transport(settings), Cache(store / "cache"))
        self._store = store

    def page(self, project: str) -> bytes:
        found = self._index.fetch_page(canonicalize_name(project))
        files = [f for fs in found.releases.values() for f in fs] if found else []
        return _keep_page(self._store, project, [_entry(file) for file in files if file.is_wheel])

    def metadata(self, filename: str) -> bytes:
        project, version, _, _ = parse_wheel_filename(filename)
        found = self._index.fetch_page(project)
        published = found.releases.get(version, ()) if found else ()
        for file in published:
            if file.filename == filename:
                return _keep_metadata(self._store, filename, self._index.fetch_metadata(file))
        return b""


def _entry(file: PublishedFile) -> dict[str, Any]:
    return {
        "filename": file.filename,
        "url": f"../../files/{file.filename}",
        "hashes": {"sha256": file.sha256},
        "requires-python": file.requires_python or None,
        "size": file.size,
        "yanked": file.is_yanked,
        "core-metadata": True,
        **({"upload-time": file.uploaded} if file.uploaded else {}),
    }


def from_directory(simple: Path, store: Path) -> list[str]:
    """
    A store of a static index: ``simple/PROJECT/`` beside ``files/``. Returns its projects.

    The digests are made up, since nobody downloads: such mirrors hold gigabytes.
    """
    projects = []
    for wheel in sorted((simple.parent / "files").glob("*.whl")):
        project = parse_wheel_filename(wheel.name)[0]
        projects.append(project)
        if not (store / "metadata" / wheel.name).exists():
            with zipfile.ZipFile(wheel) as archive:
                (name,) = (
                    n for n in archive.namelist()
                    if n.endswith(".dist-info/METADATA") and n.count("/") == 1
                )  # fmt: skip
                _keep_metadata(store, wheel.name, archive.read(name))
    for project in sorted(set(projects)):
        wheels = [p.name for p in (store / "metadata").glob("*.whl")
                  if parse_wheel_filename(p.name)[0] == project]  # fmt: skip
        _keep_page(store, project, [_made_up_entry(name) for name in sorted(wheels)])
    return sorted(set(projects))


def _made_up_entry(filename: str) -> dict[str, Any]:
    digest = hashlib.sha256(filename.encode()).hexdigest()
    url = f"../../files/{filename}"
    return {"filename": filename, "url": url, "hashes": {"sha256": digest}, "core-metadata": True}


def _keep_page(store: Path, project: str, files: list[dict[str, Any]]) -> bytes:
    page = {"meta": {"api-version": "1.1"}, "name": project, "files": files}
    body = json.dumps(page).encode() if files else b""
    write(store / "pages" / f"{project}.json", body, durable=False)
    return body


def _keep_metadata(store: Path, filename: str, content: bytes) -> bytes:
    write(store / "metadata" / filename, content, durable=False)
    return content
