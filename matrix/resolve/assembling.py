"""The answers of all targets, as one ``Lock``."""

from collections.abc import Iterable, Sequence

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.resolve.candidates import Offer
from matrix.resolve.lock import Lock, LockedFile, LockedTarget, NoSolution, Solution, Split
from matrix.resolve.search import Found, NotFound
from matrix.targets.target import Target

_Answers = tuple[Target, Sequence[Found | NotFound]]
_Pins = tuple[tuple[NormalizedName, Version], ...]


def assemble(results: Iterable[_Answers]) -> Lock:
    """One lock of all targets' results."""
    answers = tuple(results)
    found = [(target, a) for target, all_ in answers for a in all_ if isinstance(a, Found)]
    return Lock(
        targets=tuple(sorted(_locked(target) for target, _ in answers)),
        files=_files(found),
        solutions=_solutions(found),
        impossible=_impossible(answers),
        splits=_splits(found),
    )


def _locked(target: Target) -> LockedTarget:
    return LockedTarget(id=target.id, python=str(target.python), platform=str(target.platform))


def _files(found: Iterable[tuple[Target, Found]]) -> tuple[LockedFile, ...]:
    users: dict[str, set[str]] = {}
    requires: dict[str, set[NormalizedName]] = {}
    offers: dict[str, Offer] = {}
    for target, answer in found:
        for offer in answer.offers:
            name = offer.file.filename
            offers[name] = offer
            users.setdefault(name, set()).add(target.id)
            requires.setdefault(name, set()).update(answer.requires[offer.project])
    files = [_file(o, users[name], requires[name]) for name, o in offers.items()]
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


def _solutions(found: Iterable[tuple[Target, Found]]) -> tuple[Solution, ...]:
    grouped: dict[tuple[str, tuple[str, ...], _Pins], set[str]] = {}
    for target, answer in found:
        pins = tuple((offer.project, offer.version) for offer in answer.offers)
        grouped.setdefault((answer.root.name, answer.root.asked, pins), set()).add(target.id)
    rows = sorted(grouped.items(), key=lambda item: (item[0][0], min(item[1])))
    return tuple(
        Solution(root=root, requirements=asked, targets=tuple(sorted(ids)), pins=pins)
        for (root, asked, pins), ids in rows
    )


def _splits(found: Iterable[tuple[Target, Found]]) -> tuple[Split, ...]:
    grouped: dict[tuple[str, str], set[str]] = {}
    for target, answer in found:
        if answer.apart:
            grouped.setdefault((answer.root.name, answer.apart), set()).add(target.id)
    return tuple(
        Split(root=root, targets=tuple(sorted(ids)), reason=reason)
        for (root, reason), ids in sorted(grouped.items())
    )


def _impossible(answers: Iterable[_Answers]) -> tuple[NoSolution, ...]:
    rows = [
        NoSolution(
            root=answer.root.name,
            requirements=answer.root.asked,
            target=target.id,
            reason=answer.reason,
        )
        for target, found in answers
        for answer in found
        if isinstance(answer, NotFound)
    ]
    return tuple(sorted(rows, key=lambda no: (no.root, no.target)))
