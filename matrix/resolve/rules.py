"""
What may not be taken, however well it fits.

The resolver knows nothing of policies: its caller passes the rules. An answer must
depend on what is asked alone, because it is asked once and remembered for every target.
"""

from typing import TYPE_CHECKING, Final, Protocol

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.distributions.core_metadata import CoreMetadata

if TYPE_CHECKING:
    # The index's client takes long to import, and most commands have a lock.
    from matrix.index.page import PublishedFile


class Rules(Protocol):
    """Each answer says why something may not be taken, or is empty when it may."""

    def file(self, file: "PublishedFile") -> str:
        """Judge a distribution by what the index lists of it."""
        ...

    def release(self, project: NormalizedName, version: Version, metadata: CoreMetadata) -> str:
        """Judge a release by its core metadata."""
        ...


class AllowAll:
    """Rules that refuse nothing."""

    def file(self, file: "PublishedFile") -> str:  # noqa: ARG002 - every file may be taken
        """Let every distribution pass."""
        return ""

    def release(
        self,
        project: NormalizedName,  # noqa: ARG002 - so may every release
        version: Version,  # noqa: ARG002
        metadata: CoreMetadata,  # noqa: ARG002
    ) -> str:
        """Let every release pass."""
        return ""


class CachedRules:
    """Rules that are asked once about each file and release, however many targets there are."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._files: dict[str, str] = {}
        self._releases: dict[tuple[NormalizedName, Version, int], str] = {}

    def file(self, file: "PublishedFile") -> str:
        """As the rules say."""
        if file.sha256 not in self._files:
            self._files[file.sha256] = self._rules.file(file)
        return self._files[file.sha256]

    def release(self, project: NormalizedName, version: Version, metadata: CoreMetadata) -> str:
        """As the rules say; ``metadata`` must outlive them."""
        question = (project, version, id(metadata))
        if question not in self._releases:
            self._releases[question] = self._rules.release(project, version, metadata)
        return self._releases[question]


ALLOW: Final[Rules] = AllowAll()
