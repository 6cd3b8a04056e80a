"""The cells of a class that must be built, as builds: one for each sdist, with what it needs."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.utils import canonicalize_name

from matrix.manifest.model import Manifest
from matrix.plan.cells import epoch
from matrix.plan.homes import Homes
from matrix.plan.inventory import Durations, measured
from matrix.plan.model import Build, Cell, State
from matrix.plan.order import Needs
from matrix.resolve.lock import Lock, LockedBuild, LockedFile


class Builder:
    """Builds out of a lock, class by class."""

    def __init__(self, manifest: Manifest, lock: Lock, *, homes: Homes, past: Durations) -> None:
        self._manifest = manifest
        self._sdists = {
            (file.project, str(file.version), target): file
            for file in lock.files
            if not file.is_wheel
            for target in file.targets
        }
        self._locked = {(row.sdist, target): row for row in lock.builds for target in row.targets}
        self._homes = homes
        self._past = past
        self._targets = {target.id: target for target in manifest.all_targets}

    def by_class(self, cells: Iterable[Cell]) -> Mapping[str, Sequence[Cell]]:
        """What is built, now or for the previous bundle, by the class that is its home."""
        found: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell.key:
                home = self._homes.of(self._source(cell), cell.target)
                found.setdefault(home.id, []).append(cell)
        return dict(sorted(found.items()))

    def builds(self, cells: Sequence[Cell], needs: Needs, *, elsewhere: set[str]) -> list[Build]:
        """
        The builds of one class, whose cells are ``cells``.

        ``elsewhere`` are the projects that other classes build.
        """
        built = {cell.project for cell in cells if cell.state is State.BUILD}
        carried = {cell.project for cell in cells if cell.state is State.REUSED}
        needs.refuse_cycles(built, source=self._manifest.source)
        grouped: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell.state is State.BUILD:
                grouped.setdefault(cell.filename, []).append(cell)
        made = []
        for owed in grouped.values():
            reached = needs.reached(owed[0].project)
            missing = sorted((reached & elsewhere) - built - carried)
            build = dataclasses.replace(
                self._build(owed, needs.job_class),
                after=tuple(sorted(reached & built)),
                carried=tuple(sorted(reached & carried)),
            )
            if missing and not build.unlocked:
                what = f"another job builds {', '.join(missing)}"
                build = dataclasses.replace(build, unlocked=what)
            made.append(build)
        return made

    def _build(self, owed: Sequence[Cell], job_class: str) -> Build:
        first, file = owed[0], self._source(owed[0])
        ids = sorted(cell.target for cell in owed)
        served = sorted(self._targets[name] for name in ids)
        locked = list(self._rows(file, ids))
        own = [target for target in served if self._homes.has(target, job_class)]
        return Build(
            project=first.project,
            version=first.version,
            sdist=first.filename,
            sha256=first.sha256,
            size=first.size,
            identifiers=tuple(dict.fromkeys(target.identifier for target in own)),
            targets=tuple(ids),
            measured=measured(first.project, ids, self._past),
            is_pure=self._homes.is_pure(file),
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
