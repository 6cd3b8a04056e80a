"""
What core metadata state, kept as fields: what a resolver asks of a thousand releases in each run.

One entry holds all that was ever read of a project, by the digest of the distribution, so that a
run reads hundreds of files instead of thousands. An entry is nothing but a shorter way to what the
metadata say: one that cannot be read, or is of another shape, counts as none.
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


class Stated:
    """The fields of core metadata, by distribution."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._entries: dict[NormalizedName, _Entry] = {}
        self._grown: dict[NormalizedName, None] = {}
        """The projects of which more is known than what the cache has."""

    def load(self, project: NormalizedName) -> None:
        """Read what the cache has of ``project``, in whatever thread."""
        self._entry(project)

    def has(self, file: PublishedFile) -> bool:
        """Whether it is known what the metadata of ``file`` state."""
        return file.sha256 in self._entry(file.project)

    def of(self, file: PublishedFile) -> Fields:
        """What the metadata of ``file`` state; only for what ``has`` affirms."""
        return self._entry(file.project)[file.sha256]

    def add(self, file: PublishedFile, fields: Fields) -> None:
        """Learn what the metadata of ``file`` state, in whatever thread."""
        entry = self._entry(file.project)
        with self._lock:
            entry[file.sha256] = fields
            self._grown[file.project] = None

    def keep(self) -> None:
        """Write what was learned since."""
        # Some thread may still be learning.
        with self._lock:
            while self._grown:
                project, _ = self._grown.popitem()
                self._cache.keep_stated(project, _ENCODER.encode(self._entries[project]))

    def _entry(self, project: NormalizedName) -> _Entry:
        known = self._entries.get(project)
        # Two threads may both get here: the first entry is everybody's.
        return self._entries.setdefault(project, self._kept(project)) if known is None else known

    def _kept(self, project: NormalizedName) -> _Entry:
        content = self._cache.stated(project)
        try:
            return _ENTRY.decode(content) if content else {}
        except msgspec.MsgspecError:
            return {}
