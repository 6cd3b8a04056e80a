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

from matrix.edge import files
from matrix.errors import MatrixError, NotProven, NotVerified, Problem
from matrix.record import proof, schema
from matrix.record.canonical import InvalidRecord
from matrix.record.proof import IncompleteRequirement, ProofFile
from matrix.record.schema import Record
from matrix.verify import consistency, contents, tree, view
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


def verify(bundle: Path) -> Report:
    """
    Check the bundle in the directory ``bundle``, all of it.

    Raises ``NotVerified`` with every problem of the directory, or, when there is none,
    ``NotProven`` with every requirement that does not install from it.
    """
    path_by_name, tree_problems = tree.list_files(bundle)
    record, digest = read_record(bundle, path_by_name)
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


def read_record(bundle: Path, path_by_name: Mapping[str, Path]) -> tuple[Record, str]:
    """The record of ``bundle`` and its digest."""
    if schema.FILENAME not in path_by_name:
        hint = "name the directory that holds it"
        what = f"expected a bundle with {schema.FILENAME}, got none"
        raise NotVerified(Problem(place=str(bundle), what=what, hint=hint))
    path = path_by_name[schema.FILENAME]
    try:
        with files.reading(path) as stream:
            record = schema.parse(stream.read().decode("utf-8"))
        return record, files.digest(path)
    except (InvalidRecord, UnicodeDecodeError) as error:
        raise NotVerified(Problem(place=schema.FILENAME, what=str(error))) from error
    except MatrixError as error:
        raise NotVerified(*error.problems) from error


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
        place = consistency.proof_path(computed.file.target)
        try:
            with files.reading(bundle / place) as stream:
                carried = proof.parse(stream.read().decode("utf-8"))
        except (InvalidRecord, UnicodeDecodeError) as error:
            yield Problem(place=place, what=str(error))
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
    return f"expected the incomplete requirements {computed.missing}, got {carried.missing}"


def _describe_wheels(wheels: tuple[str, ...] | None) -> str:
    return "no proof" if wheels is None else ", ".join(wheels) or "no wheels"
