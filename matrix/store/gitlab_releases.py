"""
The files of GitLab's releases: a generic package that is called like the bundle.

Every developer may upload a file of the same name again, so the package proves nothing. The text of
the release does: with protected tags only those who may release can write it, and it holds the
digest of the record, from which all others follow.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from matrix.pipelines import release as tags
from matrix.store.package_registry import PackageRegistry

# What ``record.parts.render_notes`` writes; the last one counts.
_DIGEST: Final = re.compile(r"The sha256 of `bundle\.json` is `([0-9a-f]{64})`")


class GitLabReleases:
    """The releases of a project whose bundles are called ``bundle``."""

    def __init__(
        self, registry: PackageRegistry, *, bundle: str, prefix: str = tags.DEFAULT
    ) -> None:
        self._prefix = prefix
        self._registry = registry
        self._bundle = bundle
        self._digest_by_tag: dict[str, str] = {}
        self._lines: list[str] = []

    @property
    def lines(self) -> Sequence[str]:
        """The releases that do not count."""
        return self._lines

    def list_tags(self) -> Iterator[str]:
        """The tags of releases whose text has the digest of a record, the newest first."""
        for row in self._registry.list_releases():
            tag, digest = str(row.get("tag_name") or ""), find_digest(row)
            if not tags.is_tag(tag, self._prefix):
                continue
            if digest:
                self._digest_by_tag[tag] = digest
                yield tag
            else:
                what = f"release {tag} not read: its text has no digest of bundle.json"
                self._lines.append(what)

    def read(self, tag: str, filename: str) -> bytes | None:
        """A small file of a release; None when the release has no such file."""
        return self._registry.get(self._bundle, tag, filename)

    def read_range(self, tag: str, filename: str, *, start: int, size: int) -> bytes | None:
        """``size`` bytes of a file from ``start`` on."""
        return self._registry.get_range(self._bundle, tag, filename, start=start, size=size)

    def find_record_digest(self, tag: str) -> str:
        """The digest of the record in the text of the release."""
        return self._digest_by_tag.get(tag, "")


def find_digest(row: Mapping[str, Any]) -> str:
    """The digest of ``bundle.json`` in the text of a release; empty when it has none."""
    digests = _DIGEST.findall(str(row.get("description") or ""))
    return digests[-1] if digests else ""
