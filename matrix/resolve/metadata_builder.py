"""
What an sdist requires, by building its metadata.

The resolver neither knows nor decides where foreign code runs: its caller does.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from matrix.targets.target import Target

if TYPE_CHECKING:
    # The index's client takes long to import, and most commands have a lock.
    from matrix.index.page import PublishedFile


class MetadataBuilder(Protocol):
    """An answer must depend on the file, and on the target where one is given, alone."""

    def metadata(
        self, file: "PublishedFile", sdist: Callable[[], Path], target: Target | None
    ) -> bytes:
        """
        The core metadata that a build of ``file`` has; ``sdist`` fetches it.

        ``target`` is given where its interpreter decides. Raises ``InvalidMetadata`` with the
        reason when the build fails.
        """
        ...
