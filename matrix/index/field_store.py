"""
The fields of core metadata that a resolver needs, cached by project.

One entry holds all releases of a project by the digest of the distribution, so that a run reads
hundreds of files instead of thousands. An entry only saves reading metadata again: one that cannot
be read, or has another shape, counts as none.
"""

import threading
from typing import Final

import msgspec
from packaging.utils import NormalizedName

from matrix.distributions.core_metadata import Fields
from matrix.index.cache import Cache
from matrix.index.page import PublishedFile

_Entry = dict[str, Fields]
_ENTRY: Final = msgspec.json.Decoder(_Entry)
_ENCODER: Final = msgspec.json.Encoder()


class FieldStore:
    """The fields of core metadata, by distribution."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._entries: dict[NormalizedName, _Entry] = {}
        self._grown: dict[NormalizedName, None] = {}
        """The projects with fields that the cache does not have yet."""

    def load(self, project: NormalizedName) -> None:
        """Read the cache's entry of ``project``; any thread may call this."""
        self._entry(project)

    def has(self, file: PublishedFile) -> bool:
        """Whether the fields of ``file`` are known."""
        return file.sha256 in self._entry(file.project)

    def of(self, file: PublishedFile) -> Fields:
        """The fields of ``file``, for which ``has`` is true."""
        return self._entry(file.project)[file.sha256]

    def add(self, file: PublishedFile, fields: Fields) -> None:
        """Add the fields of ``file``; any thread may call this."""
        entry = self._entry(file.project)
        with self._lock:
            entry[file.sha256] = fields
            self._grown[file.project] = None

    def write(self) -> None:
        """Write new fields to the cache."""
        # A thread may still add fields.
        with self._lock:
            while self._grown:
                project, _ = self._grown.popitem()
                self._cache.write_fields(project, _ENCODER.encode(self._entries[project]))

    def _entry(self, project: NormalizedName) -> _Entry:
        known = self._entries.get(project)
        # Two threads may both get here and share the first entry.
        return self._entries.setdefault(project, self._read(project)) if known is None else known

    def _read(self, project: NormalizedName) -> _Entry:
        content = self._cache.fields(project)
        try:
            return _ENTRY.decode(content) if content else {}
        except msgspec.MsgspecError:
            return {}
