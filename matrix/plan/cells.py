"""The cells of a plan: one for each locked file and target."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from packaging.utils import NormalizedName, canonicalize_name

from matrix.distributions.wheel import runs_everywhere
from matrix.manifest.model import Manifest, Package, Recipe
from matrix.plan.inventory import Inventory, ReusedWheel, content_key
from matrix.plan.model import Cell, JobClass, State
from matrix.resolve.lock import Lock, LockedFile

_STATE_BY_UNIVERSALITY: Final = {
    True: (State.UNIVERSAL, "one wheel for every platform"),
    False: (State.PUBLISHED, "a wheel on the index"),
}


class Chooser:
    """Chooses the state of each file on each target; jobs are assigned later."""

    def __init__(
        self,
        manifest: Manifest,
        lock: Lock,
        *,
        class_by_target: Mapping[str, JobClass],
        inventory: Inventory,
    ) -> None:
        self._manifest = manifest
        self._class_by_target = class_by_target
        self._inventory = inventory
        self._build_digests = _find_build_digests(lock)
        self._files: dict[str, list[LockedFile]] = {}
        for file in lock.files:
            self._files.setdefault(file.project, []).append(file)
        self._keys: dict[tuple[str, str, tuple[str, ...]], str] = {}
        self._line_by_source = {p.project: p.line for p in manifest.packages if p.source == "build"}

    def choose(self, file: LockedFile) -> Iterator[Cell]:
        """The cells of one locked file, a target each."""
        version = str(file.version)
        if file.is_wheel:
            state, reason = _STATE_BY_UNIVERSALITY[runs_everywhere(file.filename)]
            for target in file.targets:
                yield Cell(
                    project=file.project,
                    version=version,
                    target=target,
                    state=state,
                    reason=reason,
                    filename=file.filename,
                    sha256=file.sha256,
                    size=file.size,
                )
            return
        keys = {
            target: self._find_key(file, self._class_by_target[target], target)
            for target in file.targets
        }
        reused = self._find_reused(keys)
        for target, key in keys.items():
            is_reused = target in reused
            given = reused.get(target, file)
            yield Cell(
                project=file.project,
                version=version,
                target=target,
                state=State.REUSED if is_reused else State.BUILD,
                reason=_REUSED if is_reused else self._explain_build(file.project),
                filename=given.filename,
                sha256=given.sha256,
                size=given.size,
                content_key=key,
            )

    def _find_reused(self, key_by_target: Mapping[str, str]) -> Mapping[str, ReusedWheel]:
        """
        The wheels of one sdist that are reused, by target.

        A pure wheel is reused for all its targets or for none: built again for one, it would be a
        second file of the same name.
        """
        wheel_by_target = {
            target: wheel
            for target, key in key_by_target.items()
            if (wheel := self._inventory.get((key, target)))
        }
        if len(wheel_by_target) == len(key_by_target):
            return wheel_by_target
        return {
            target: wheel
            for target, wheel in wheel_by_target.items()
            if not runs_everywhere(wheel.filename)
        }

    def _explain_build(self, project: NormalizedName) -> str:
        if line := self._line_by_source.get(project):
            return f"`source: build`, {self._manifest.source} line {line}"
        return "no wheel on the index for this target"

    def _find_key(self, file: LockedFile, job_class: JobClass, target: str) -> str:
        requires = self._build_digests.get((file.filename, target), ())
        place = (file.filename, job_class.id, requires)
        if place not in self._keys:
            self._keys[place] = content_key(
                sdist_sha256=file.sha256,
                recipe=self._manifest.recipe(file.project),
                job_class=job_class,
                first=dict(self._first(file.project, job_class)),
                requires=requires,
                epoch=parse_epoch(file.uploaded),
            )
        return self._keys[place]

    def _first(
        self, project: NormalizedName, job_class: JobClass
    ) -> Iterator[tuple[str, tuple[Recipe, Sequence[str]]]]:
        """The projects of ``after`` in the project's recipe, and in the recipes of these."""
        seen = {project}
        todo = [project]
        while todo:
            for name in map(canonicalize_name, self._manifest.recipe(todo.pop()).after):
                if name not in seen:
                    seen.add(name)
                    todo.append(name)
                    yield name, (self._manifest.recipe(name), self._digests(name, job_class))

    def _digests(self, project: NormalizedName, job_class: JobClass) -> Sequence[str]:
        return [
            file.sha256
            for file in self._files.get(project, ())
            if any(self._class_by_target.get(target) == job_class for target in file.targets)
        ]


def parse_epoch(uploaded: str) -> int:
    """
    A time of the lock in seconds since 1970; 0 for none.

    >>> parse_epoch("2026-11-23T04:47:46Z"), parse_epoch("")
    (1795409266, 0)
    """
    return int(datetime.datetime.fromisoformat(uploaded).timestamp()) if uploaded else 0


def _find_build_digests(lock: Lock) -> dict[tuple[str, str], tuple[str, ...]]:
    """The digests of the build requirements, by sdist and target."""
    digests = {file.filename: file.sha256 for file in lock.build_files}
    return {
        (build.sdist, target): tuple(sorted(digests[name] for name in build.build))
        for build in lock.builds
        for target in build.targets
    }


_REUSED: Final = "built for the previous bundle from the same inputs"


def find_cells_without_wheel(manifest: Manifest, lock: Lock) -> Iterator[Cell]:
    """The cells that are impossible or excluded."""
    for row in lock.impossible:
        yield Cell(
            project=row.root,
            version="",
            target=row.target,
            state=State.IMPOSSIBLE,
            reason=row.reason,
        )
    for package in manifest.packages:
        for target, reason in find_exclusions(manifest, package):
            yield Cell(
                project=package.project,
                version="",
                target=target,
                state=State.EXCLUDED,
                reason=reason,
            )


def find_exclusions(manifest: Manifest, package: Package) -> Iterator[tuple[str, str]]:
    """The ids of the targets that ``package`` excludes, with the reason."""
    if package.exclude:
        for target in manifest.targets_of(package):
            if rule := manifest.exclusion(package, target):
                yield target.id, rule.why
