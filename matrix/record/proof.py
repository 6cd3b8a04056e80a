"""
``proof/<target>.json``: the wheels that each requirement installs on one target, from both views.

A reader need not believe it: the verifier resolves again and compares.
"""

import dataclasses
from typing import Literal

from matrix.record import canonical

ViewName = Literal["target", "union"]
"""The pages of ``targets/<id>/simple/``, or those of ``simple/``."""


@dataclasses.dataclass(frozen=True, order=True)
class ProvenRequirement:
    """A requirement and the exact wheels that install it, sorted; none if its markers are false."""

    root: str
    view: ViewName
    wheels: tuple[str, ...]


@dataclasses.dataclass(frozen=True, order=True)
class IncompleteRequirement:
    """A requirement that would install with the releases that the record lists as missing."""

    root: str
    view: ViewName
    needs: tuple[str, ...]
    """Each as ``project version``, sorted."""


@dataclasses.dataclass(frozen=True)
class ProofFile:
    """The proofs of one target, sorted by requirement and view."""

    target: str
    proofs: tuple[ProvenRequirement, ...]
    missing: tuple[IncompleteRequirement, ...]


def dump(proof: ProofFile) -> str:
    """The text of ``proof/<target>.json``."""
    return canonical.dump(proof)


def parse(text: str) -> ProofFile:
    """Invert ``dump``; anything else raises ``InvalidRecord``."""
    return canonical.load(ProofFile, text)
