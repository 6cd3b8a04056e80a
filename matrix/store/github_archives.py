"""The artifacts of runs as zip files, each downloaded once."""

import shutil
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matrix.edge import files
from matrix.edge.foreign import translate_errors
from matrix.errors import MatrixError
from matrix.index.no_answer import NoAnswer
from matrix.index.tasks import TaskPool
from matrix.store.github_api import GitHubApi
from matrix.store.lookup import Damaged

_PAGES: Final = 10
_GONE: Final = frozenset({404, 410})


class GitHubArchives:
    """Artifacts of one repository; what is downloaded lies below ``scratch`` until ``close``."""

    def __init__(self, api: GitHubApi, *, scratch: Path) -> None:
        self._api = api
        self._scratch = scratch
        self._tasks = TaskPool(1)
        self._directory: Path | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Remove what was downloaded."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def find(self, run: str, name: str) -> int:
        """The id of an artifact of a run; the newest where it has several of one name."""
        rows = self._tasks.run(("artifacts", run), lambda: self._list(run))
        fitting = [row for row in rows if row.get("name") == name]
        if not fitting:
            raise Damaged("expired", f"run {run} has no artifact {name}")
        row = max(fitting, key=lambda row: (str(row.get("created_at")), int(row.get("id") or 0)))
        if row.get("expired"):
            raise Damaged("expired", f"artifact {name} of run {run} has expired")
        return int(row["id"])

    def read_member(self, number: int, member: str, *, limit: int) -> bytes:
        """The bytes of a file of an artifact; raises ``Damaged`` where they are more than that."""
        with self._open(number) as archive:
            info = _find_member(archive, member)
            if info.file_size > limit:
                what = f"expected at most {limit} bytes of {member}, got {info.file_size}"
                raise Damaged("damaged", what)
            with translate_errors(_damage):
                return archive.read(info)

    def write_member(self, number: int, member: str, path: Path, *, size: int, sha256: str) -> None:
        """Write a file of an artifact to ``path``, its size and digest checked."""
        with self._open(number) as archive:
            info = _find_member(archive, member)
            if info.file_size != size:
                raise Damaged("damaged", f"expected {size} bytes, got {info.file_size}")
            try:
                with translate_errors(_damage), archive.open(info) as stream:
                    chunks = iter(lambda: stream.read(files.CHUNK), b"")
                    files.write_stream(path, chunks, sha256=sha256)
            except MatrixError as error:
                raise Damaged("damaged", error.problems[0].what) from error

    def _list(self, run: str) -> Sequence[Mapping[str, Any]]:
        if not (run.isascii() and run.isdigit()):
            return ()
        path = f"/actions/runs/{run}/artifacts"
        wanted = f"the artifacts of run {run}"
        return tuple(self._api.list_rows(path, key="artifacts", wanted=wanted, pages=_PAGES))

    def _open(self, number: int) -> zipfile.ZipFile:
        path = self._tasks.run(("zip", number), lambda: self._download(number))
        with translate_errors(_damage):
            return zipfile.ZipFile(path)

    def _download(self, number: int) -> Path:
        path = self._make_directory() / f"{number}.zip"
        address = f"/actions/artifacts/{number}/zip"
        try:
            with (
                self._api.stream(address, wanted=f"artifact {number}") as chunks,
                files.replacing(path, durable=False) as stream,
            ):
                for chunk in chunks:
                    stream.write(chunk)
        except NoAnswer as error:
            if error.status not in _GONE:
                raise
            raise Damaged("expired", f"artifact {number} has expired") from error
        return path

    def _make_directory(self) -> Path:
        with self._lock:
            if self._directory is None:
                self._scratch.mkdir(parents=True, exist_ok=True)
                self._directory = Path(tempfile.mkdtemp(prefix="artifacts-", dir=self._scratch))
            return self._directory


def _find_member(archive: zipfile.ZipFile, member: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(member)
    except KeyError as error:
        raise Damaged("damaged", f"the artifact has no {member}") from error


def _damage(reason: str) -> Damaged:
    return Damaged("damaged", f"the artifact cannot be read: {reason}")
