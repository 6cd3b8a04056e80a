"""The keys of every cell that is built: a target each, so that a new target rebuilds no other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.utils import NormalizedName, canonicalize_name

from matrix.configurations.inputs import BuildInputs, Keys, LockedWheel, find_deployment_target
from matrix.configurations.keys import compute_keys
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import Recipe
from matrix.plan.model import JobClass
from matrix.resolve.lock import Lock, LockedBuild, LockedFile
from matrix.targets.lanes import get_lane
from matrix.targets.target import Target


class KeyFinder:
    """Finds the keys of locked sdists, each pair of sdist and target once."""

    def __init__(
        self, manifest: Manifest, lock: Lock, *, class_by_target: Mapping[str, JobClass]
    ) -> None:
        self._manifest = manifest
        self._class_by_target = class_by_target
        self._targets = {target.id: target for target in manifest.all_targets}
        self._rows = {(row.sdist, target): row for row in lock.builds for target in row.targets}
        self._wheels = {
            file.filename: LockedWheel(
                project=file.project,
                version=str(file.version),
                filename=file.filename,
                sha256=file.sha256,
            )
            for file in lock.build_files
        }
        self._files: dict[str, list[LockedFile]] = {}
        for file in lock.files:
            self._files.setdefault(file.project, []).append(file)
        self._keys: dict[tuple[str, str, bool], Keys] = {}

    def find_keys(self, file: LockedFile, target: str, *, is_first: bool = False) -> Keys:
        """
        The keys of ``file`` built for ``target``.

        With ``is_first`` they leave out the builds that its recipe wants before it: a recipe that
        names it counts these itself.
        """
        place = (file.filename, target, is_first)
        if place not in self._keys:
            digests = {} if is_first else dict(self._find_prerequisites(file.project, target))
            self._keys[place] = compute_keys(
                self._find_inputs(file, target),
                sdist_sha256=file.sha256,
                digests_by_prerequisite=digests,
            )
        return self._keys[place]

    def explain_unlocked(self, file: LockedFile, target: str) -> str:
        """Why a build of ``file`` is unlocked; empty when it is locked."""
        return explain_unlocked(self._rows.get((file.filename, target)))

    def _find_inputs(self, file: LockedFile, target: str) -> BuildInputs:
        row = self._rows.get((file.filename, target))
        job_class = self._class_by_target[target]
        return create_inputs(
            job_class,
            project=file.project,
            recipe=find_recipe(self._manifest, file.project),
            targets=(self._targets[target],),
            is_pure=row is not None and row.is_pure,
            epoch=file.epoch,
            deployment_target=find_deployment_target(
                self._targets[name]
                for name in file.targets
                if self._class_by_target.get(name) == job_class
            ),
            requirements=self._get_wheels(row.build if row else ()),
            test_requirements=self._get_wheels(row.test if row else ()),
            is_locked=not explain_unlocked(row),
        )

    def _get_wheels(self, names: Iterable[str]) -> tuple[LockedWheel, ...]:
        return tuple(self._wheels[name] for name in names)

    def _find_prerequisites(
        self, project: NormalizedName, target: str
    ) -> Iterator[tuple[str, Sequence[str]]]:
        """The projects of ``after`` in the recipe, and in the recipes of these, with digests."""
        seen = {project}
        todo = [project]
        while todo:
            for name in map(canonicalize_name, find_recipe(self._manifest, todo.pop()).after):
                if name not in seen:
                    seen.add(name)
                    todo.append(name)
                    yield name, [*self._find_digests(name, target)]

    def _find_digests(self, project: NormalizedName, target: str) -> Iterator[str]:
        for file in self._files.get(project, ()):
            if target in file.targets:
                if file.is_wheel:
                    yield file.sha256
                else:
                    yield self.find_keys(file, target, is_first=True).content


def create_inputs(
    job_class: JobClass,
    *,
    project: str,
    recipe: Recipe,
    targets: tuple[Target, ...],
    is_pure: bool,
    epoch: int,
    deployment_target: str,
    requirements: tuple[LockedWheel, ...],
    test_requirements: tuple[LockedWheel, ...] = (),
    is_locked: bool,
) -> BuildInputs:
    """The inputs of a build by a job class."""
    return BuildInputs(
        project=project,
        is_pure=is_pure,
        epoch=epoch,
        system=job_class.system,
        platform=job_class.platform,
        lane=get_lane(job_class.lane),
        image=job_class.image,
        deployment_target=deployment_target,
        recipe=recipe,
        targets=targets,
        requirements=requirements,
        test_requirements=test_requirements,
        is_locked=is_locked,
    )


def explain_unlocked(row: LockedBuild | None) -> str:
    """Why a row of the lock leaves its build unlocked; empty when it does not."""
    return "the lock has no build requirements for it" if row is None else row.reason
