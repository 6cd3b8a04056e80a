"""The cells of a job class that must be built, as builds: one for each sdist."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.utils import canonicalize_name

from matrix.configurations.inputs import find_deployment_target
from matrix.manifest.model import Manifest
from matrix.plan.inventory import Durations, estimate_seconds
from matrix.plan.model import Build, Cell, JobClass, State
from matrix.plan.order import Needs
from matrix.resolve.lock import Lock, LockedBuild, LockedFile


class Grouper:
    """Groups the cells of a plan into builds, class by class."""

    def __init__(
        self,
        manifest: Manifest,
        lock: Lock,
        *,
        class_by_target: Mapping[str, JobClass],
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
        self._class_by_target = class_by_target
        self._past = past
        self._targets = {target.id: target for target in manifest.all_targets}

    def group_by_class(self, cells: Iterable[Cell]) -> Mapping[str, Sequence[Cell]]:
        """The cells that are built or reused, by the id of the job class of their target."""
        cells_by_class: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell.content_key:
                job_class = self._class_by_target[cell.target]
                cells_by_class.setdefault(job_class.id, []).append(cell)
        return dict(sorted(cells_by_class.items()))

    def group_builds(self, cells: Sequence[Cell], needs: Needs) -> list[Build]:
        """The builds of one class, whose cells are ``cells``."""
        built = {cell.project for cell in cells if cell.state is State.BUILD}
        reused = {cell.project for cell in cells if cell.state is State.REUSED}
        needs.refuse_cycles(built, source=self._manifest.source)
        grouped: dict[tuple[str, int], list[Cell]] = {}
        for cell in cells:
            if cell.state is State.BUILD:
                grouped.setdefault((cell.filename, self._major(cell)), []).append(cell)
        builds = []
        for members in grouped.values():
            needed = needs.find_all(members[0].project)
            build = dataclasses.replace(
                self._create_build(members),
                after=tuple(sorted(needed & built)),
                reused=tuple(sorted(needed & reused)),
            )
            builds.append(build)
        return builds

    def _major(self, cell: Cell) -> int:
        """The Python major that may install the result; 0 if any may."""
        row = self._locked.get((cell.filename, cell.target))
        if row is None or not row.is_pure:
            return 0
        return self._targets[cell.target].python.major

    def _create_build(self, members: Sequence[Cell]) -> Build:
        first, file = members[0], self._get_sdist(members[0])
        ids = sorted(cell.target for cell in members)
        served = sorted(self._targets[name] for name in ids)
        locked = list(self._find_rows(file, ids))
        return Build(
            project=first.project,
            version=first.version,
            sdist=first.filename,
            sha256=first.sha256,
            size=first.size,
            identifiers=tuple(dict.fromkeys(target.identifier for target in served)),
            targets=tuple(ids),
            measured_seconds=estimate_seconds(first.project, ids, self._past),
            is_pure=any(row.is_pure for row in locked),
            epoch=file.epoch,
            deployment_target=self._find_deployment_target(file, first.target),
            build_requirements=tuple(
                sorted({name for row in locked for name in (*row.build, *row.test)})
            ),
            unlocked=_explain_unlocked(members),
        )

    def _find_deployment_target(self, file: LockedFile, target: str) -> str:
        """The oldest macOS of the class, reused cells too: the same for every plan."""
        job_class = self._class_by_target[target]
        return find_deployment_target(
            self._targets[name]
            for name in file.targets
            if self._class_by_target.get(name) == job_class
        )

    def _find_rows(self, file: LockedFile, targets: Iterable[str]) -> Iterator[LockedBuild]:
        for target in targets:
            if row := self._locked.get((file.filename, target)):
                yield row

    def _get_sdist(self, cell: Cell) -> LockedFile:
        """The sdist of a cell that is built or reused."""
        return self._sdists[canonicalize_name(cell.project), cell.version, cell.target]


def _explain_unlocked(cells: Iterable[Cell]) -> str:
    return "; ".join(sorted({cell.unlocked for cell in cells if cell.unlocked}))
