"""What every wish of a record installs on one target, from each view: a proof file's content."""

import dataclasses
from collections.abc import Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag, parse_tag

from matrix.errors import NotVerified, Problem
from matrix.record import proof, schema
from matrix.record.proof import IncompleteRoot, ProofFile, ProvenRoot
from matrix.record.schema import Record, RecordedTarget, RecordedWish
from matrix.verify.prove import Proven, Prover
from matrix.verify.view import View


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TargetProofs:
    """The proofs of one target, and a problem for every wish that has none."""

    file: ProofFile
    problems: tuple[Problem, ...]


def prove_target(
    record: Record, target: RecordedTarget, views: Mapping[proof.View, View]
) -> TargetProofs:
    """
    Prove every wish of ``record`` on ``target``, from each of ``views``.

    A root that fails is proven again with the releases that the record lists as missing taken for
    granted: if that works, it is incomplete with everybody's knowledge, and no problem.
    """
    wishes = [wish for wish in record.wishes if target.id in wish.targets]
    proofs: list[ProvenRoot] = []
    missing: list[IncompleteRoot] = []
    problems: list[Problem] = []
    for name in sorted(views):
        judge = _Judge(record, target, name, views[name])
        for wish in wishes:
            match judge.prove(wish):
                case ProvenRoot() as proven:
                    proofs.append(proven)
                case IncompleteRoot() as incomplete:
                    missing.append(incomplete)
                case Problem() as problem:
                    problems.append(problem)
    file = ProofFile(target=target.id, proofs=tuple(sorted(proofs)), missing=tuple(sorted(missing)))
    return TargetProofs(file=file, problems=tuple(problems))


class _Judge:
    """One target and one view."""

    def __init__(
        self, record: Record, target: RecordedTarget, name: proof.View, view: View
    ) -> None:
        self._target, self._name = target, name
        environment, tags = target.marker_environment, target_tags(target)
        self._prover = Prover(environment, tags, view)
        known = [(m.project, m.version) for m in record.missing if m.target == target.id]
        self._lenient = Prover(environment, tags, view.assuming(known)) if known else None

    def prove(self, wish: RecordedWish) -> ProvenRoot | IncompleteRoot | Problem:
        requirements = [_requirement(text) for text in wish.requirements]
        found = self._prover.prove(requirements)
        if isinstance(found, Proven):
            return ProvenRoot(root=wish.root, view=self._name, wheels=found.filenames)
        if self._lenient is not None:
            assuming = self._lenient.prove(requirements)
            if isinstance(assuming, Proven):
                return IncompleteRoot(root=wish.root, view=self._name, needs=assuming.assumed)
        place = f"{wish.root} on {self._target.id} ({self._name} view)"
        return Problem(place=place, what=found.chain)


def target_tags(target: RecordedTarget) -> tuple[Tag, ...]:
    """The target's tags as values, best first."""
    return tuple(_tags(target))


def _tags(target: RecordedTarget) -> Iterator[Tag]:
    for text in target.tags:
        try:
            yield from parse_tag(text)
        except ValueError as error:
            what = f"expected a tag such as 'cp312-cp312-win_amd64', got {text!r}"
            place = f"{schema.FILENAME}: targets.{target.id}"
            raise NotVerified(Problem(place=place, what=what)) from error


def _requirement(text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        what = f"expected a PEP 508 requirement, got {text!r}"
        raise NotVerified(Problem(place=f"{schema.FILENAME}: wishes", what=what)) from error
