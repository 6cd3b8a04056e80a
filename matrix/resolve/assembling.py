"""The answers of all targets, as one ``Lock``."""

from collections.abc import Iterable, Sequence

from packaging.utils import NormalizedName

from matrix.documents.fields import Pins
from matrix.resolve.candidates import Offer
from matrix.resolve.lock import Lock, LockedFile, LockedTarget, NoSolution, Solution, Split
from matrix.resolve.search import Found, NotFound
from matrix.targets.target import Target

_Answers = tuple[Target, Sequence[Found | NotFound]]
_Solutions = Sequence[tuple[str, Sequence[Found]]]
"""What was solutions, by the target's id."""


def assemble(results: Iterable[_Answers]) -> Lock:
    """One lock of all targets' results."""
    answers = tuple(results)
    solutions = [(t.id, [a for a in all_ if isinstance(a, Found)]) for t, all_ in answers]
    return Lock(
        targets=tuple(sorted(_lock_target(target) for target, _ in answers)),
        files=_files(solutions),
        solutions=_solutions(solutions),
        impossible=_impossible(answers),
        splits=_splits(solutions),
    )


def _lock_target(target: Target) -> LockedTarget:
    return LockedTarget(id=target.id, python=str(target.python), platform=str(target.platform))


def _files(solutions: _Solutions) -> tuple[LockedFile, ...]:
    rows: dict[str, tuple[Offer, set[str], set[NormalizedName]]] = {}
    for target, answers in solutions:
        for answer in answers:
            for offer in answer.offers:
                row = rows.get(offer.file.filename)
                if row is None:
                    rows[offer.file.filename] = row = (offer, set(), set())
                _, targets, requires = row
                targets.add(target)
                requires.update(answer.required_by_project[offer.project])
    files = [_file(offer, targets, requires) for offer, targets, requires in rows.values()]
    return tuple(sorted(files, key=lambda f: (f.project, f.version, f.filename)))


def _file(offer: Offer, targets: Iterable[str], requires: Iterable[NormalizedName]) -> LockedFile:
    return LockedFile(
        project=offer.project,
        version=offer.version,
        filename=offer.file.filename,
        sha256=offer.file.sha256,
        size=offer.file.size,
        uploaded=offer.file.uploaded,
        targets=tuple(sorted(targets)),
        requires=tuple(sorted(requires)),
    )


def _solutions(solutions: _Solutions) -> tuple[Solution, ...]:
    grouped: dict[tuple[str, tuple[str, ...], Pins], set[str]] = {}
    texts_by_root: dict[int, tuple[str, ...]] = {}
    for target, answers in solutions:
        for answer in answers:
            root = answer.root
            # By identity: targets share their roots, and writing requirements takes long.
            if id(root) not in texts_by_root:
                texts_by_root[id(root)] = root.texts
            pins = Pins([(offer.project, offer.version) for offer in answer.offers])
            grouped.setdefault((root.name, texts_by_root[id(root)], pins), set()).add(target)
    rows = sorted(grouped.items(), key=lambda item: (item[0][0], min(item[1])))
    return tuple(
        Solution(root=name, requirements=written, targets=tuple(sorted(ids)), pins=pins)
        for (name, written, pins), ids in rows
    )


def _splits(solutions: _Solutions) -> tuple[Split, ...]:
    grouped: dict[tuple[str, str], set[str]] = {}
    for target, answers in solutions:
        for answer in answers:
            if answer.apart:
                grouped.setdefault((answer.root.name, answer.apart), set()).add(target)
    return tuple(
        Split(root=root, targets=tuple(sorted(ids)), reason=reason)
        for (root, reason), ids in sorted(grouped.items())
    )


def _impossible(answers: Iterable[_Answers]) -> tuple[NoSolution, ...]:
    rows = [
        NoSolution(
            root=answer.root.name,
            requirements=answer.root.texts,
            target=target.id,
            reason=answer.reason,
        )
        for target, solutions in answers
        for answer in solutions
        if isinstance(answer, NotFound)
    ]
    return tuple(sorted(rows, key=lambda no: (no.root, no.target)))
