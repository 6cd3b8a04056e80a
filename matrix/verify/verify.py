"""
The verifier: whether a carried directory is exactly the bundle that its record describes.

Everything that can be computed is computed: digests from bytes, core metadata from inside the
wheels, pages and proofs from scratch. The verifier shares the record's schema and pages with the
writer, nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from matrix.errors import NotProven, NotVerified, Problem
from matrix.record import layout, proof, schema
from matrix.record.proof import IncompleteRequirement, ProofFile
from matrix.record.schema import Record
from matrix.verify import contents, reading, tree, view
from matrix.verify.proofs import TargetProofs, prove_target


@dataclasses.dataclass(frozen=True)
class Report:
    """What was verified and proven of a bundle."""

    record: Record
    record_sha256: str
    files: int
    """With the record itself."""
    bytes: int
    proofs: tuple[ProofFile, ...]
    """One for each target, sorted."""

    @property
    def proven(self) -> int:
        """The number of (requirement, target, view) that install."""
        return sum(len(file.proofs) for file in self.proofs)

    @property
    def incomplete(self) -> tuple[tuple[str, IncompleteRequirement], ...]:
        """Target ids and the requirements that lack a release there, as the record says."""
        return tuple(
            (file.target, requirement) for file in self.proofs for requirement in file.missing
        )


def verify(bundle: Path, *, sha256: str = "") -> Report:
    """
    Check the bundle in the directory ``bundle``, all of it.

    ``sha256`` is the digest of its ``bundle.json``, from another source than the bundle; it is
    compared before anything else is believed. "" compares nothing: who made the bundle stays open.

    Raises ``NotVerified`` with every problem of the directory, or, when there is none,
    ``NotProven`` with every requirement that does not install from it.
    """
    path_by_name, tree_problems = tree.list_files(bundle)
    record, digest = read_record(bundle, path_by_name, sha256=sha256)
    problems = [*tree_problems, *tree.find_unportable(path_by_name)]
    problems += contents.find_problems(record, path_by_name)
    if problems:
        raise NotVerified.of(problems)
    proofs = _prove(bundle, record)
    if unproven := [problem for proof in proofs for problem in proof.problems]:
        raise NotProven.of(unproven)
    if problems := list(_compare_proofs(bundle, proofs)):
        raise NotVerified.of(problems)
    return Report(
        record=record,
        record_sha256=digest,
        files=len(path_by_name),
        bytes=sum(path.stat().st_size for path in path_by_name.values()),
        proofs=tuple(sorted((proof.file for proof in proofs), key=lambda file: file.target)),
    )


def read_record(
    bundle: Path, path_by_name: Mapping[str, Path], *, sha256: str = ""
) -> tuple[Record, str]:
    """The record of ``bundle`` and the digest of the very bytes that were parsed."""
    place = schema.FILENAME
    if place not in path_by_name:
        what = f"expected a bundle with {place}, got none"
        hint = "name the directory that holds it"
        raise NotVerified(Problem(place=str(bundle), what=what, hint=hint))
    data = reading.read_bytes(path_by_name[place], place=place)
    digest = reading.compare_digest(data, sha256, place=place)
    return reading.parse(data, schema.parse, place=place), digest


def _prove(bundle: Path, record: Record) -> list[TargetProofs]:
    open_wheel = view.make_opener(bundle / "files")
    union = view.read(bundle / "simple", open_wheel=open_wheel)
    return [
        prove_target(
            record,
            target,
            {
                "target": view.read(
                    bundle / "targets" / target.id / "simple", open_wheel=open_wheel
                ),
                "union": union,
            },
        )
        for target in record.targets
    ]


def _compare_proofs(bundle: Path, proofs: list[TargetProofs]) -> Iterator[Problem]:
    """Yield a problem for every carried proof that differs from the one just computed."""
    for computed in proofs:
        place = layout.locate_proof(computed.file.target)
        try:
            data = reading.read_bytes(bundle / place, place=place)
            carried = reading.parse(data, proof.parse, place=place)
        except NotVerified as error:
            yield from error.problems
            continue
        if carried != computed.file:
            yield Problem(place=place, what=_explain_difference(carried, computed.file))


def _explain_difference(carried: ProofFile, computed: ProofFile) -> str:
    expected = {(p.root, p.view): p.wheels for p in computed.proofs}
    got = {(p.root, p.view): p.wheels for p in carried.proofs}
    for root, name in sorted(expected.keys() | got.keys()):
        if expected.get((root, name)) != got.get((root, name)):
            texts = [_describe_wheels(proofs.get((root, name))) for proofs in (expected, got)]
            return f"{root} ({name} view): expected {texts[0]}, got {texts[1]}"
    texts = [_describe_incomplete(proofs.missing) for proofs in (computed, carried)]
    return f"expected {texts[0]} incomplete, got {texts[1]}"


def _describe_wheels(wheels: tuple[str, ...] | None) -> str:
    return "no proof" if wheels is None else ", ".join(wheels) or "no wheels"


def _describe_incomplete(missing: tuple[IncompleteRequirement, ...]) -> str:
    texts = (
        f"{entry.root} ({entry.view} view, needs {', '.join(entry.needs)})" for entry in missing
    )
    return ", ".join(texts) or "no requirement"
