"""What every requirement of a record installs on one target, from each view: a proof's content."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from packaging.requirements import Requirement
from packaging.tags import Tag

from matrix.errors import NotVerified, Problem
from matrix.record import schema
from matrix.record.proof import IncompleteRequirement, ProofFile, ProvenRequirement, ViewName
from matrix.record.schema import Record, RecordedRequirement, RecordedTarget
from matrix.verify.prove import Proven, Prover
from matrix.verify.view import View

_TAG_PARTS: Final = 3  # Python, ABI, platform


@dataclasses.dataclass(frozen=True)
class TargetProofs:
    """The proofs of one target, and a problem for every requirement without a proof."""

    file: ProofFile
    problems: tuple[Problem, ...]


def prove_target(
    record: Record, target: RecordedTarget, view_by_name: Mapping[ViewName, View]
) -> TargetProofs:
    """
    Prove every requirement of ``record`` on ``target``, from each of ``views``.

    A requirement that fails is tried again with the releases that the record lists as missing: if
    it installs with them, it is known to be incomplete, which is no problem.
    """
    requirements = [wish for wish in record.wishes if target.id in wish.targets]
    proofs: list[ProvenRequirement] = []
    missing: list[IncompleteRequirement] = []
    problems: list[Problem] = []
    for name in sorted(view_by_name):
        judge = _Judge(record, target, name, view_by_name[name])
        for requirement in requirements:
            result = judge.prove(requirement)
            if isinstance(result, ProvenRequirement):
                proofs.append(result)
            elif isinstance(result, IncompleteRequirement):
                missing.append(result)
            else:
                problems.append(result)
    file = ProofFile(target=target.id, proofs=tuple(sorted(proofs)), missing=tuple(sorted(missing)))
    return TargetProofs(file=file, problems=tuple(problems))


class _Judge:
    """Proves requirements on one target, from one view."""

    def __init__(self, record: Record, target: RecordedTarget, name: ViewName, view: View) -> None:
        self._target, self._name = target, name
        environment, tags = target.marker_environment, parse_target_tags(target)
        self._prover = Prover(environment, tags, view)
        known = [(m.project, m.version) for m in record.missing if m.target == target.id]
        self._lenient = Prover(environment, tags, view.assume(known)) if known else None

    def prove(
        self, requirement: RecordedRequirement
    ) -> ProvenRequirement | IncompleteRequirement | Problem:
        root = requirement.root
        requirements = [_parse_requirement(text) for text in requirement.requirements]
        place = f"{root} on {self._target.id} ({self._name} view)"
        try:
            proof = self._prover.prove(requirements)
            if isinstance(proof, Proven):
                return ProvenRequirement(root=root, view=self._name, wheels=proof.filenames)
            if self._lenient is not None:
                lenient = self._lenient.prove(requirements)
                if isinstance(lenient, Proven):
                    return IncompleteRequirement(root=root, view=self._name, needs=lenient.assumed)
        except (ValueError, LookupError) as error:
            # UndefinedComparison, UndefinedEnvironmentName: pip refuses such markers too.
            return Problem(place=place, what=f"a marker has no value: {error}")
        return Problem(place=place, what=proof.chain)


def parse_target_tags(target: RecordedTarget) -> tuple[Tag, ...]:
    """
    The target's tags as values, best first.

    Each text is one tag: ``a0.a1-b0.b1-c0.c1`` would stand for eight, and a thousand dots for a
    billion.
    """
    tags = []
    for text in target.tags:
        parts = text.split("-")
        if len(parts) != _TAG_PARTS or not all(parts) or "." in text:
            what = f"expected a tag such as 'cp312-cp312-win_amd64', got {text!r}"
            place = f"{schema.FILENAME}: targets.{target.id}"
            raise NotVerified(Problem(place=place, what=what))
        tags.append(Tag(*parts))
    return tuple(tags)


def _parse_requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except (ValueError, RecursionError) as error:
        what = f"expected a PEP 508 requirement, got {text[:200]!r}"
        raise NotVerified(Problem(place=f"{schema.FILENAME}: wishes", what=what)) from error
