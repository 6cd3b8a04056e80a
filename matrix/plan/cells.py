"""What every locked file is to every target: the cells of a plan."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from packaging.utils import NormalizedName, canonicalize_name

from matrix.distributions.wheel import runs_everywhere
from matrix.manifest.model import Manifest, Package, Recipe
from matrix.plan.inventory import Inventory, ReusedWheel, content_key
from matrix.plan.model import Cell, JobClass, State
from matrix.resolve.lock import Lock, LockedFile

_FOUND: Final = {
    True: (State.UNIVERSAL, "one wheel for every platform"),
    False: (State.PUBLISHED, "a wheel on the index"),
}


class Chooser:
    """How each file gets to each target; the job of a cell that is built comes later."""

    def __init__(
        self,
        manifest: Manifest,
        lock: Lock,
        *,
        classes: Mapping[str, JobClass],
        inventory: Inventory,
    ) -> None:
        self._manifest = manifest
        self._classes = classes
        self._inventory = inventory
        self._requires = _build_requirements(lock)
        self._files: dict[str, list[LockedFile]] = {}
        for file in lock.files:
            self._files.setdefault(file.project, []).append(file)
        self._keys: dict[tuple[str, str, tuple[str, ...]], str] = {}
        self._sources = {p.project: p.line for p in manifest.packages if p.source == "build"}

    def cells(self, file: LockedFile) -> Iterator[Cell]:
        """The cells of one locked file, a target each."""
        version = str(file.version)
        if file.is_wheel:
            state, reason = _FOUND[runs_everywhere(file.filename)]
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
        keys = {target: self._key(file, self._classes[target], target) for target in file.targets}
        carried = self._carried(keys)
        for target, key in keys.items():
            is_carried = target in carried
            given = carried.get(target, file)
            yield Cell(
                project=file.project,
                version=version,
                target=target,
                state=State.REUSED if is_carried else State.BUILD,
                reason=_REUSED if is_carried else self._why_built(file.project),
                filename=given.filename,
                sha256=given.sha256,
                size=given.size,
                key=key,
            )

    def _carried(self, keys: Mapping[str, str]) -> Mapping[str, ReusedWheel]:
        """
        What is carried over of one sdist, by target.

        A pure wheel for all its targets or for none: built again for one, it would be a second file
        of the same name.
        """
        found = {
            target: wheel
            for target, key in keys.items()
            if (wheel := self._inventory.get((key, target)))
        }
        if len(found) == len(keys):
            return found
        return {t: wheel for t, wheel in found.items() if not runs_everywhere(wheel.filename)}

    def _why_built(self, project: NormalizedName) -> str:
        if line := self._sources.get(project):
            return f"`source: build`, {self._manifest.source} line {line}"
        return "no wheel on the index for this target"

    def _key(self, file: LockedFile, job_class: JobClass, target: str) -> str:
        requires = self._requires.get((file.filename, target), ())
        place = (file.filename, job_class.id, requires)
        if place not in self._keys:
            self._keys[place] = content_key(
                sdist_sha256=file.sha256,
                recipe=self._manifest.recipe(file.project),
                job_class=job_class,
                first=dict(self._first(file.project, job_class)),
                requires=requires,
                epoch=epoch(file.uploaded),
            )
        return self._keys[place]

    def _first(
        self, project: NormalizedName, job_class: JobClass
    ) -> Iterator[tuple[str, tuple[Recipe, Sequence[str]]]]:
        """What ``after`` of the project's recipe names, and of the recipes of these."""
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
            if any(self._classes.get(target) == job_class for target in file.targets)
        ]


def epoch(uploaded: str) -> int:
    """
    A time of the lock in seconds since 1970; 0 when it tells none.

    >>> epoch("2026-11-23T04:47:46Z"), epoch("")
    (1795409266, 0)
    """
    return int(datetime.datetime.fromisoformat(uploaded).timestamp()) if uploaded else 0


def _build_requirements(lock: Lock) -> dict[tuple[str, str], tuple[str, ...]]:
    """The digests of what each build installs, by sdist and target."""
    digests = {file.filename: file.sha256 for file in lock.build_files}
    return {
        (build.sdist, target): tuple(sorted(digests[name] for name in build.build))
        for build in lock.builds
        for target in build.targets
    }


_REUSED: Final = "built for the previous bundle from the same inputs"


def without_wheel(manifest: Manifest, lock: Lock) -> Iterator[Cell]:
    """The cells of what cannot be had, and of what is not wanted."""
    for no in lock.impossible:
        yield Cell(
            project=no.root, version="", target=no.target, state=State.IMPOSSIBLE, reason=no.reason
        )
    for package in manifest.packages:
        for target, reason in exclusions(manifest, package):
            yield Cell(
                project=package.project,
                version="",
                target=target,
                state=State.EXCLUDED,
                reason=reason,
            )


def exclusions(manifest: Manifest, package: Package) -> Iterator[tuple[str, str]]:
    """The targets that ``package`` is taken off, by id, with the reason."""
    if package.exclude:
        for target in manifest.targets_of(package):
            if rule := manifest.exclusion(package, target):
                yield target.id, rule.reason
