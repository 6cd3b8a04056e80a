"""The differences between two locks."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Final

from matrix.edge.quantities import count
from matrix.errors import printable
from matrix.report import comparing
from matrix.report.comparing import Change, Holdings
from matrix.resolve.lock import Lock, NoSolution

SCHEMA: Final = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Replaced:
    """A file with the same name and other bytes, which an index should never serve."""

    filename: str
    before: str
    after: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gap:
    """A requirement that has no solution on some targets, and why."""

    requirements: tuple[str, ...]
    targets: tuple[str, ...]
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Every difference between two locks; every tuple is sorted."""

    changes: tuple[Change, ...]
    impossible: tuple[Gap, ...]
    """Requirements that had a solution, or are new."""
    solved: tuple[Gap, ...]
    replaced: tuple[Replaced, ...]
    targets_added: tuple[str, ...]
    targets_removed: tuple[str, ...]


def compare_locks(old: Lock | None, new: Lock) -> Difference:
    """Compare two locks; without an old one, everything is new."""
    was, now = (old.impossible if old else ()), new.impossible
    before = {f.filename: f.sha256 for f in (old.files if old else ())}
    targets = {t.id for t in old.targets} if old else set[str]()
    current = {t.id for t in new.targets}
    return Difference(
        changes=comparing.find_changes(_holdings(old), _holdings(new)),
        impossible=_gaps(now, without=was),
        solved=_gaps(was, without=now),
        replaced=tuple(
            Replaced(filename=f.filename, before=before[f.filename], after=f.sha256)
            for f in new.files
            if before.get(f.filename, f.sha256) != f.sha256
        ),
        targets_added=tuple(sorted(current - targets)),
        targets_removed=tuple(sorted(targets - current)),
    )


def _holdings(lock: Lock | None) -> Holdings:
    versions: dict[tuple[str, str], set[str]] = {}
    for solution in lock.solutions if lock else ():
        texts = [(project, str(version)) for project, version in solution.pins]
        for target in solution.targets:
            for project, version in texts:
                versions.setdefault((project, target), set()).add(version)
    frozen = {place: frozenset(texts) for place, texts in versions.items()}
    return Holdings(name="", versions_by_project_and_target=frozen, digests=frozenset())


def _gaps(some: Iterable[NoSolution], *, without: Iterable[NoSolution]) -> tuple[Gap, ...]:
    others = {(no.requirements, no.target) for no in without}
    grouped: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for no in some:
        if (no.requirements, no.target) not in others:
            grouped.setdefault((no.requirements, no.reason), []).append(no.target)
    return tuple(
        sorted(
            Gap(requirements=requirements, targets=tuple(sorted(targets)), reason=reason)
            for (requirements, reason), targets in grouped.items()
        )
    )


def dump(difference: Difference) -> str:
    """The difference as JSON."""
    return json.dumps({"schema": SCHEMA, **dataclasses.asdict(difference)}, indent=1) + "\n"


def text(difference: Difference, targets: int) -> str:
    """The difference in lines; ``targets`` is the number of targets of the new lock."""
    lines = [
        *(f"target {name} added" for name in difference.targets_added),
        *(f"target {name} removed" for name in difference.targets_removed),
        *(_line(change, targets) for change in difference.changes),
        *(f"{_requirements(gap)} impossible on {_where(gap.targets, targets)}: {gap.reason}"
          for gap in difference.impossible),
        *(f"{_requirements(gap)} no longer impossible on {_where(gap.targets, targets)}"
          for gap in difference.solved),
        *(f"{file.filename} has other bytes: sha256 {file.before} -> {file.after}"
          for file in difference.replaced),
    ]  # fmt: skip
    return "".join(f"{printable(line)}\n" for line in lines) or "nothing changed\n"


def list_changes(old: Lock | None, new: Lock) -> str:
    """
    One line for each project whose version changed; targets with the same change share a line.
    """
    changes = comparing.find_changes(_holdings(old), _holdings(new))
    return "".join(f"{printable(_line(change, len(new.targets)))}\n" for change in changes)


def _requirements(gap: Gap) -> str:
    return ", ".join(gap.requirements)


def _line(change: Change, count: int) -> str:
    was, now = (" and ".join(versions) for versions in (change.before, change.after))
    arrow = f"{was or '(none)'} -> {now or '(none)'}"
    return f"{change.project} {arrow} on {_where(change.targets, count)}"


def _where(targets: tuple[str, ...], count: int) -> str:
    return "every target" if len(targets) == count else ", ".join(targets)


def summary(lock: Lock) -> Iterator[str]:
    """The contents of the lock, in lines."""
    wheels = sum(file.is_wheel for file in lock.files)
    projects = {file.project for file in lock.files}
    yield f"{count(len(lock.targets), 'target')}, {count(len(projects), 'project')}"
    sdists = count(len(lock.files) - wheels, "sdist")
    yield f"{count(wheels, 'wheel')} and {sdists} locked by digest"
