"""The cells of a class that must be built, as builds: one for each sdist, with what it needs."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.utils import canonicalize_name

from matrix.manifest.model import Manifest
from matrix.plan.cells import epoch
from matrix.plan.inventory import Durations, estimate_seconds
from matrix.plan.model import Build, Cell, JobClass, State
from matrix.plan.order import Needs
from matrix.resolve.lock import Lock, LockedBuild, LockedFile


class Builder:
    """Builds out of a lock, class by class."""

    def __init__(
        self,
        manifest: Manifest,
        lock: Lock,
        *,
        classes: Mapping[str, JobClass],
        past: Durations,
    ) -> None:
        self._manifest = manifest
        self._sdists = {
            (file.project, str(file.version), target): file
            for file in lock.files
            if not file.is_wheel
            for target in file.targets
        }
        self._locked = {(row.sdist, target): row for row in lock.builds for target in row.targets}
        self._classes = classes
        self._past = past
        self._targets = {target.id: target for target in manifest.all_targets}

    def by_class(self, cells: Iterable[Cell]) -> Mapping[str, Sequence[Cell]]:
        """What is built, now or for the previous bundle, by the class of its target."""
        found: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell.key:
                found.setdefault(self._classes[cell.target].id, []).append(cell)
        return dict(sorted(found.items()))

    def builds(self, cells: Sequence[Cell], needs: Needs) -> list[Build]:
        """The builds of one class, whose cells are ``cells``."""
        built = {cell.project for cell in cells if cell.state is State.BUILD}
        carried = {cell.project for cell in cells if cell.state is State.REUSED}
        needs.refuse_cycles(built, source=self._manifest.source)
        grouped: dict[tuple[str, int], list[Cell]] = {}
        for cell in cells:
            if cell.state is State.BUILD:
                grouped.setdefault((cell.filename, self._major(cell)), []).append(cell)
        made = []
        for owed in grouped.values():
            reached = needs.reached(owed[0].project)
            after, found = tuple(sorted(reached & built)), tuple(sorted(reached & carried))
            made.append(dataclasses.replace(self._build(owed), after=after, carried=found))
        return made

    def _major(self, cell: Cell) -> int:
        """What Python 2 builds of a pure sdist, only Python 2 installs; 0 where it matters not."""
        row = self._locked.get((cell.filename, cell.target))
        if row is None or not row.is_pure:
            return 0
        return self._targets[cell.target].python.major

    def _build(self, owed: Sequence[Cell]) -> Build:
        first, file = owed[0], self._source(owed[0])
        ids = sorted(cell.target for cell in owed)
        served = sorted(self._targets[name] for name in ids)
        locked = list(self._rows(file, ids))
        return Build(
            project=first.project,
            version=first.version,
            sdist=first.filename,
            sha256=first.sha256,
            size=first.size,
            identifiers=tuple(dict.fromkeys(target.identifier for target in served)),
            targets=tuple(ids),
            measured=estimate_seconds(first.project, ids, self._past),
            is_pure=any(row.is_pure for row in locked),
            epoch=epoch(file.uploaded),
            stock=tuple(sorted({name for row in locked for name in (*row.build, *row.test)})),
            unlocked=_unlocked(locked, ids),
        )

    def _rows(self, file: LockedFile, targets: Iterable[str]) -> Iterator[LockedBuild]:
        for target in targets:
            if row := self._locked.get((file.filename, target)):
                yield row

    def _source(self, cell: Cell) -> LockedFile:
        """The sdist of a cell that is built, or was for the previous bundle."""
        return self._sdists[canonicalize_name(cell.project), cell.version, cell.target]


def _unlocked(rows: Sequence[LockedBuild], targets: Sequence[str]) -> str:
    if len({target for row in rows for target in row.targets} & {*targets}) < len(targets):
        return "the lock says nothing of its build requirements"
    return "; ".join(sorted({row.reason for row in rows if row.reason}))
