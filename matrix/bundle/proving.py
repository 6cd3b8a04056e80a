"""
The proof that a bundle carries: what each requirement installs on each target, from both views.

The verifier's own prover computes it, so verification repeats exactly the proof that is sealed.
"""

from collections.abc import Sequence

from matrix.distributions import wheel as wheels
from matrix.distributions.wheel import Wheel
from matrix.errors import NotProven, Problem
from matrix.record.proof import ProofFile
from matrix.record.schema import Record
from matrix.verify.proofs import prove_target
from matrix.verify.view import Offer, View


def prove_targets(record: Record, opened: Sequence[Wheel]) -> dict[str, ProofFile]:
    """
    Prove every requirement on every target, by target id.

    Raises ``NotProven`` with every requirement that would not install although the record lists
    none of its wheels as missing.
    """
    offers = {
        wheel.filename: Offer(name=wheels.parse_filename(wheel.filename), metadata=wheel.metadata)
        for wheel in opened
    }
    union = View.of(offers.values())
    proven = {}
    problems: list[Problem] = []
    for target in record.targets:
        shown = View.of(offers[w.filename] for w in record.wheels if target.id in w.targets)
        result = prove_target(record, target, {"target": shown, "union": union})
        proven[target.id] = result.file
        problems += result.problems
    if problems:
        raise NotProven.of(problems)
    return proven
