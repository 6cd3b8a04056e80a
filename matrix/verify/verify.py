"""
The verifier: whether a carried directory is exactly the bundle that its record describes.

Nothing is believed that can be computed: digests from bytes, core metadata from inside the
wheels, pages and proofs from scratch. It shares the record's schema and pages with the writer,
nothing else.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from matrix.edge import files
from matrix.errors import MatrixError, NotProven, NotVerified, Problem
from matrix.record import proof, schema
from matrix.record.canonical import InvalidRecord
from matrix.record.proof import IncompleteRoot, ProofFile
from matrix.record.schema import Record
from matrix.verify import consistency, contents, tree, view
from matrix.verify.proofs import TargetProofs, prove_target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A bundle that can be trusted to be what it says."""

    record: Record
    record_sha256: str
    files: int
    """With the record itself."""
    bytes: int
    proofs: tuple[ProofFile, ...]
    """One for each target, sorted."""

    @property
    def proven(self) -> int:
        """How many (root, target, view) install."""
        return sum(len(file.proofs) for file in self.proofs)

    @property
    def incomplete(self) -> tuple[tuple[str, IncompleteRoot], ...]:
        """Target ids and the roots that lack a release there, as the record says."""
        return tuple((file.target, root) for file in self.proofs for root in file.missing)


def verify(bundle: Path) -> Report:
    """
    Check the bundle in the directory ``bundle``, all of it.

    Raises ``NotVerified`` with every problem of the directory, or, when there is none,
    ``NotProven`` with every wish that does not install from it.
    """
    found, problems = tree.files_below(bundle)
    record, digest = read_record(bundle, found)
    said = [*problems, *tree.portable(found)]
    said += contents.problems(record, found)
    if said:
        raise NotVerified.of(said)
    proven = _prove(bundle, record)
    if failed := [problem for one in proven for problem in one.problems]:
        raise NotProven.of(failed)
    if said := list(_compare(bundle, proven)):
        raise NotVerified.of(said)
    return Report(
        record=record,
        record_sha256=digest,
        files=len(found),
        bytes=sum(path.stat().st_size for path in found.values()),
        proofs=tuple(sorted((one.file for one in proven), key=lambda file: file.target)),
    )


def read_record(bundle: Path, found: Mapping[str, Path]) -> tuple[Record, str]:
    """The record of ``bundle`` and its digest."""
    if schema.FILENAME not in found:
        hint = "name the directory that holds it"
        what = f"expected a bundle with {schema.FILENAME}, got none"
        raise NotVerified(Problem(place=str(bundle), what=what, hint=hint))
    path = found[schema.FILENAME]
    try:
        with files.reading(path) as stream:
            record = schema.parse(stream.read().decode("utf-8"))
        return record, files.digest(path)
    except (InvalidRecord, UnicodeDecodeError) as error:
        raise NotVerified(Problem(place=schema.FILENAME, what=str(error))) from error
    except MatrixError as error:
        raise NotVerified(*error.problems) from error


def _prove(bundle: Path, record: Record) -> list[TargetProofs]:
    opened = view.opener(bundle / "files")
    union = view.read(bundle / "simple", opened=opened)
    return [
        prove_target(
            record,
            target,
            {
                "target": view.read(bundle / "targets" / target.id / "simple", opened=opened),
                "union": union,
            },
        )
        for target in record.targets
    ]


def _compare(bundle: Path, proven: list[TargetProofs]) -> Iterator[Problem]:
    """A problem for every carried proof that is not the one just made."""
    for one in proven:
        place = consistency.proof_path(one.file.target)
        try:
            with files.reading(bundle / place) as stream:
                carried = proof.parse(stream.read().decode("utf-8"))
        except (InvalidRecord, UnicodeDecodeError) as error:
            yield Problem(place=place, what=str(error))
            continue
        if carried != one.file:
            yield Problem(place=place, what=_difference(carried, one.file))


def _difference(carried: ProofFile, made: ProofFile) -> str:
    expected = {(p.root, p.view): p.wheels for p in made.proofs}
    got = {(p.root, p.view): p.wheels for p in carried.proofs}
    for root, name in sorted(expected.keys() | got.keys()):
        if expected.get((root, name)) != got.get((root, name)):
            wanted, said = (_listed(d.get((root, name))) for d in (expected, got))
            return f"{root} ({name} view): expected {wanted}, got {said}"
    return f"expected the incomplete roots {made.missing}, got {carried.missing}"


def _listed(wheels: tuple[str, ...] | None) -> str:
    return "no proof" if wheels is None else ", ".join(wheels) or "no wheels"
