"""
What was read from an index, kept on disk.

Two kinds: pages, which change and are revalidated, and content that a digest names, which cannot
change, with what was read of it (``field_store``). A page is kept by version (``page.dump``)
rather than as it came, so that an unchanged one is not parsed again. A damaged or foreign entry is
never trusted: digests are checked on the way out, and what cannot be read is fetched or read anew.

Several manifests may share a cache, and one of them may name an index that lies: the digest of a
file and its metadata are nothing but that index's word. So pages are kept by their address, files
by a digest that is computed from their bytes, and everything that was read of metadata by the
addresses of the indexes, where no other index finds it.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from packaging.utils import NormalizedName

from matrix.edge import files

FORMAT: Final = "v4"
FIELDS: Final = "1"
"""The format of ``fields``, which can be read anew from metadata."""
_DIGEST: Final = 32
"""Bytes of a sha256, at the beginning of each entry."""
_SIZE: Final = 4
"""Bytes that say how long the facts of a page are."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredPage:
    """A page with what is needed to ask whether it is still current."""

    url: str
    """Where it came from in the end, after redirections: links are relative to that."""
    etag: str = ""
    modified: str = ""
    """The index's Last-Modified, for indexes without ETag."""
    source: str = ""
    """The sha256 of the page as it came, for indexes with neither; empty: there is no page."""
    fresh_until: float = 0.0
    """Until when the index vouches for it."""
    contents: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    releases: bytes | memoryview = b""
    """The page's files, and how they are divided (``page.dump``)."""

    @property
    def exists(self) -> bool:
        return bool(self.source)


class Cache:
    """A directory that may be deleted at any time."""

    def __init__(self, directory: Path, *, indexes: Sequence[str] = ()) -> None:
        """``indexes`` are the addresses of those whose word about metadata is kept here."""
        self._top = directory
        self._directory = directory / FORMAT
        # An index claims the digest of a file and its metadata, and only a whole file proves them.
        scope = hashlib.sha256("\n".join(indexes).encode()).hexdigest()
        self._metadata = self._directory / "metadata" / scope[:32]

    def of_indexes(self, *indexes: str) -> "Cache":
        """The same cache with the metadata of these indexes, apart from those of others."""
        return Cache(self._top, indexes=indexes)

    def page(self, url: str) -> StoredPage | None:
        content = self._read(self._page_path(url))
        if content is None:
            return None
        end = int.from_bytes(content[:_SIZE], "big") + _SIZE
        try:
            facts: Any = json.loads(bytes(content[_SIZE:end]))
            # A view and not a copy: pages are most of what a run reads.
            return StoredPage(**facts, releases=content[end:])
        except (ValueError, TypeError):
            return None

    def write_page(self, url: str, page: StoredPage) -> None:
        facts = {
            field.name: getattr(page, field.name)
            for field in dataclasses.fields(page)
            if field.name != "releases"
        }
        head = json.dumps(facts).encode()
        size = len(head).to_bytes(_SIZE, "big")
        self._write(self._page_path(url), b"".join((size, head, page.releases)))

    def metadata(self, name: str) -> bytes | None:
        """What was built or read of a distribution; the digest is part of the name."""
        content = self._read(self._metadata_path(name))
        return None if content is None else bytes(content)

    def write_metadata(self, name: str, content: bytes) -> None:
        self._write(self._metadata_path(name), content)

    def fields(self, project: NormalizedName) -> bytes | None:
        """The fields of a project's metadata (``field_store``)."""
        content = self._read(self._fields_path(project))
        return None if content is None else bytes(content)

    def write_fields(self, project: NormalizedName, content: bytes) -> None:
        self._write(self._fields_path(project), content)

    def distribution(self, sha256: str, filename: str) -> Path:
        """Where the distribution with that digest is, or belongs."""
        return self._directory / "files" / sha256[:2] / sha256 / filename

    def _metadata_path(self, name: str) -> Path:
        return self._metadata / "built" / name[:2] / name

    def _fields_path(self, project: NormalizedName) -> Path:
        # A digest, because Windows has names that no file can have.
        name = hashlib.sha256(project.encode()).hexdigest()
        return self._metadata / f"fields-{FIELDS}" / name[:2] / name

    def _page_path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode()).hexdigest()
        return self._directory / "pages" / name[:2] / name

    def _read(self, path: Path) -> memoryview | None:
        """What ``_write`` wrote; None when it is missing or damaged."""
        try:
            entry = memoryview(path.read_bytes())
        except OSError:
            return None
        digest, content = entry[:_DIGEST], entry[_DIGEST:]
        return content if hashlib.sha256(content).digest() == digest else None

    def _write(self, path: Path, content: bytes) -> None:
        files.write(path, hashlib.sha256(content).digest() + content, durable=False)
