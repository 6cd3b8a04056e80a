"""The trust file that a destination pins at its first import, and its successors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from matrix.destinations.destination import Destination, Say
from matrix.edge import files
from matrix.record import trust_file
from matrix.verify.signature import PinnedTrust, check_successor, read_trust


@dataclasses.dataclass(frozen=True)
class Pin:
    """The trust file that counts, and where it must be written, if it is new there."""

    trust: PinnedTrust | None
    path: Path | None

    def write(self, say: Say) -> None:
        """Pin the trust file at the destination."""
        if self.trust is not None and self.path is not None:
            files.write(self.path, self.trust.data)
            say(f"pinned version {self.trust.trust.version} of the trust file: {self.path}")


def choose_trust(
    destination: Destination,
    given: Path | None,
    say: Say,
) -> Pin:
    """
    Return the trust file for an import: ``given``, or the one that is pinned.

    Raises ``NotVerified`` for a ``given`` file that is neither the pinned one nor its successor,
    signed by its keys.
    """
    directory = destination.directory
    if directory is None:
        if given is None:
            return Pin(trust=None, path=None)
        say(f"{destination.label} keeps no trust file: name it with each import")
        return Pin(trust=read_trust(given), path=None)
    path = directory / trust_file.FILENAME
    pinned = read_trust(path) if path.exists() else None
    if given is None:
        return Pin(trust=pinned, path=None)
    new = read_trust(given)
    if pinned is not None and pinned.data == new.data:
        return Pin(trust=pinned, path=None)
    if pinned is not None:
        check_successor(pinned, new, given)
    return Pin(trust=new, path=path)
