"""
What was read from an index, kept on disk.

Two kinds: pages, which change and are asked about again (ETag), and whatever a digest names, which
cannot change. A damaged or foreign entry is never trusted: digests are checked on the way out, and
an unreadable page is fetched anew.
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any, Final

from matrix.edge import files

FORMAT: Final = "v1"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoredPage:
    """A page with what is needed to ask whether it is still current."""

    body: bytes
    content_type: str
    etag: str
    url: str
    """Where it came from in the end, after redirections: links are relative to that."""


class Cache:
    """A directory that may be deleted at any time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / FORMAT

    def page(self, url: str) -> StoredPage | None:
        body, about = self._page_paths(url)
        try:
            facts: Any = json.loads(about.read_text(encoding="utf-8"))
            stored = StoredPage(body=body.read_bytes(), **facts)
        except (OSError, ValueError, TypeError):
            return None
        return stored if stored.etag else None

    def keep_page(self, url: str, page: StoredPage) -> None:
        body, about = self._page_paths(url)
        about.unlink(missing_ok=True)  # never a new body under the old one's ETag
        files.write(body, page.body)
        facts = {"content_type": page.content_type, "etag": page.etag, "url": page.url}
        files.write(about, json.dumps(facts))

    def metadata(self, sha256: str) -> bytes | None:
        """The core metadata of the distribution with that digest."""
        try:
            return self._metadata_path(sha256).read_bytes()
        except OSError:
            return None

    def keep_metadata(self, sha256: str, content: bytes) -> None:
        files.write(self._metadata_path(sha256), content)

    def distribution(self, sha256: str, filename: str) -> Path:
        """Where the distribution with that digest is, or belongs."""
        return self._directory / "files" / sha256[:2] / sha256 / filename

    def _metadata_path(self, sha256: str) -> Path:
        return self._directory / "metadata" / sha256[:2] / sha256

    def _page_paths(self, url: str) -> tuple[Path, Path]:
        name = hashlib.sha256(url.encode()).hexdigest()
        directory = self._directory / "pages" / name[:2]
        return directory / f"{name}.body", directory / f"{name}.json"
