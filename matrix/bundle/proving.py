"""
The proof that a bundle carries: what each root installs on each target, from both views.

The far side's own prover does it, so what is sealed here is exactly what will be asked again there.
"""

from collections.abc import Sequence

from matrix.distributions import wheel as wheels
from matrix.distributions.wheel import Wheel
from matrix.errors import NotProven, Problem
from matrix.record.proof import ProofFile
from matrix.record.schema import Record
from matrix.verify.proofs import prove_target
from matrix.verify.view import Offer, View


def proofs(record: Record, opened: Sequence[Wheel]) -> dict[str, ProofFile]:
    """
    Prove every wish on every target, by target id.

    Raises ``NotProven`` with every requirement that would not install although nothing that it
    needs is known to be missing.
    """
    offers = {
        one.filename: Offer(name=wheels.parse_filename(one.filename), metadata=one.metadata)
        for one in opened
    }
    union = View.of(offers.values())
    proven = {}
    problems: list[Problem] = []
    for target in record.targets:
        shown = View.of(offers[w.filename] for w in record.wheels if target.id in w.targets)
        found = prove_target(record, target, {"target": shown, "union": union})
        proven[target.id] = found.file
        problems += found.problems
    if problems:
        raise NotProven.of(problems)
    return proven
