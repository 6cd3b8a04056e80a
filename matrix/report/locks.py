"""What changed between two locks."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Final

from matrix.report import comparing
from matrix.report.comparing import Change, Holdings
from matrix.resolve.lock import Lock, NoSolution

SCHEMA: Final = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Replaced:
    """A file whose bytes are others under the same name: an index should never do that."""

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
    """Everything that one lock says and another did not; every tuple is sorted."""

    changes: tuple[Change, ...]
    impossible: tuple[Gap, ...]
    """What had a solution, or was not asked for."""
    solved: tuple[Gap, ...]
    replaced: tuple[Replaced, ...]
    targets_added: tuple[str, ...]
    targets_removed: tuple[str, ...]


def compared(old: Lock | None, new: Lock) -> Difference:
    """Compare two locks; without an old one, everything is new."""
    was, now = (old.impossible if old else ()), new.impossible
    before = {f.filename: f.sha256 for f in (old.files if old else ())}
    targets = {t.id for t in old.targets} if old else set[str]()
    current = {t.id for t in new.targets}
    return Difference(
        changes=comparing.changes(_holdings(old), _holdings(new)),
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
    frozen = {place: frozenset(found) for place, found in versions.items()}
    return Holdings(name="", versions=frozen, digests=frozenset())


def _gaps(some: Iterable[NoSolution], *, without: Iterable[NoSolution]) -> tuple[Gap, ...]:
    others = {(no.requirements, no.target) for no in without}
    grouped: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for no in some:
        if (no.requirements, no.target) not in others:
            grouped.setdefault((no.requirements, no.reason), []).append(no.target)
    return tuple(
        sorted(
            Gap(requirements=asked, targets=tuple(sorted(targets)), reason=reason)
            for (asked, reason), targets in grouped.items()
        )
    )


def dump(found: Difference) -> str:
    """The difference as JSON."""
    return json.dumps({"schema": SCHEMA, **dataclasses.asdict(found)}, indent=1) + "\n"


def told(found: Difference, targets: int) -> str:
    """The difference in lines, for people; ``targets`` is how many the new lock has."""
    lines = [
        *(f"target {name} added" for name in found.targets_added),
        *(f"target {name} removed" for name in found.targets_removed),
        *(_line(change, targets) for change in found.changes),
        *(f"{_asked(gap)} impossible on {_where(gap.targets, targets)}: {gap.reason}"
          for gap in found.impossible),
        *(f"{_asked(gap)} no longer impossible on {_where(gap.targets, targets)}"
          for gap in found.solved),
        *(f"{one.filename} has other bytes: sha256 {one.before} -> {one.after}"
          for one in found.replaced),
    ]  # fmt: skip
    return "".join(f"{line}\n" for line in lines) or "nothing changed\n"


def difference(old: Lock | None, new: Lock) -> str:
    """
    One line for each project and target whose version changed, targets with the same change
    together.
    """
    changes = comparing.changes(_holdings(old), _holdings(new))
    return "".join(f"{_line(change, len(new.targets))}\n" for change in changes)


def _asked(gap: Gap) -> str:
    return ", ".join(gap.requirements)


def _line(change: Change, count: int) -> str:
    was, now = (" and ".join(versions) for versions in (change.before, change.after))
    arrow = f"{was or '(none)'} -> {now or '(none)'}"
    return f"{change.project} {arrow} on {_where(change.targets, count)}"


def _where(targets: tuple[str, ...], count: int) -> str:
    return "every target" if len(targets) == count else ", ".join(targets)


def summary(lock: Lock) -> Iterator[str]:
    """What the lock holds, in lines."""
    wheels = sum(file.is_wheel for file in lock.files)
    yield f"{len(lock.targets)} targets, {len({f.project for f in lock.files})} projects"
    yield f"{wheels} wheels and {len(lock.files) - wheels} sdists locked by digest"
