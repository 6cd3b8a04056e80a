"""
``proof/<target>.json``: what each root installs on one target, from each of the bundle's two views.

Whoever reads it need not believe it: the verifier resolves again and compares.
"""

import dataclasses
from typing import Literal

from matrix.record import canonical

View = Literal["target", "union"]
"""The pages of ``targets/<id>/simple/``, or those of ``simple/``."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ProvenRoot:
    """A root and the exact wheels that install it, sorted; none if its markers say so."""

    root: str
    view: View
    wheels: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class IncompleteRoot:
    """A root that would install if releases were there that the record lists as missing."""

    root: str
    view: View
    needs: tuple[str, ...]
    """Each as ``project version``, sorted."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """The proofs of one target, sorted by root and view."""

    target: str
    proofs: tuple[ProvenRoot, ...]
    missing: tuple[IncompleteRoot, ...]


def dump(proof: ProofFile) -> str:
    """The text of ``proof/<target>.json``."""
    return canonical.dump(proof)


def parse(text: str) -> ProofFile:
    """Invert ``dump``; anything else raises ``InvalidRecord``."""
    return canonical.load(ProofFile, text)
