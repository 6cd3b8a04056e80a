"""
The interface of a destination: where verified bundles are imported into.

An import is the same for every kind (see ``imports``), and so is undoing (see ``undo``): lock, read
the ledger, put what is not there yet where no client sees it, prove what clients would see,
promote. A kind decides what these steps are on its server, and ``capabilities`` says what it can
promise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from matrix.destinations.ledger import Ledger
from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.record.schema import Record, RecordedWheel

Say = Callable[[str], None]
"""Takes one line of progress."""


@dataclasses.dataclass(frozen=True)
class Capabilities:
    """What a kind of destination promises; ``import`` and the docs say the same."""

    lock: str
    """How two imports at once are kept apart; empty if they are not."""
    promotion: str
    """What clients see while an import is promoted."""
    serves_target_views: bool
    rolls_back: bool
    withdraws: bool
    prunes: bool


class Destination(Protocol):
    """
    One index server or directory.

    Every method but ``capabilities`` and ``lock`` is called with the lock held. A method that the
    kind does not support, as its capabilities say, raises ``UsageError``. What others put on the
    server is read and proven with, never changed.
    """

    @property
    def label(self) -> str:
        """The destination's name in messages, without credentials."""

    @property
    def directory(self) -> Path | None:
        """The local directory that it writes to, if it does."""

    def capabilities(self) -> Capabilities:
        """Return what this kind promises."""

    def lock(self, say: Say) -> AbstractContextManager[None]:
        """Keep other imports out, and finish or remove what a killed one left."""

    def read_ledger(self, stamp: Stamp = NO_STAMP, *, adopt: bool = False) -> Ledger:
        """
        Return the ledger, whose new lines get ``stamp``; an empty one before the first import.

        Raises ``NotVerified`` for content that the ledger does not account for, unless ``adopt``.
        """

    def list_files(self, filenames: Collection[str]) -> Mapping[str, str]:
        """Return the sha256 of each of ``filenames`` that is there already."""

    def put(
        self, bundle: Path, record: Record, order: Sequence[RecordedWheel], after: Ledger
    ) -> tuple[str, ...]:
        """
        Add the bundle's files that are not there, in ``order``, where no client sees them yet.

        Where clients see a file at once, everything that ``after`` would serve is proven first.
        Returns the filenames of the wheels that were added.
        """

    def promote(self, before: Ledger, after: Ledger, *, dry_run: bool = False) -> int:
        """
        Prove what ``after`` would serve, and serve it; return how many pages changed.

        With ``dry_run`` nothing changes.

        Raises ``NotProven`` with the chain when a requirement of a served bundle would not install
        any more; then nothing has changed.
        """

    def verify(self) -> None:
        """
        Check that every file and page is there as the ledger says, and prove all of it again.

        Raises ``NotVerified`` or ``NotProven`` with every problem.
        """

    def find_unneeded(self, ledger: Ledger) -> tuple[str, ...]:
        """Return the names of the files that no kept import of ``ledger`` names, sorted."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove files that ``find_unneeded`` has returned."""
