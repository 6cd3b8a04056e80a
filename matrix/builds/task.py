"""One build of a job, with everything that it follows from."""

import dataclasses
from pathlib import Path

from packaging.utils import canonicalize_name

from matrix.builds.wheelhouse import Wheelhouse, describe_file
from matrix.configurations.inputs import BuildInputs
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import Recipe
from matrix.plan.keys import create_inputs
from matrix.plan.model import Build, Job, JobClass, Plan
from matrix.targets.target import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A build, its job and its plan, and the wheels that it may install."""

    build: Build
    job: Job
    plan: Plan
    manifest: Manifest
    prerequisites: tuple[Path, ...]
    wheelhouse: Wheelhouse

    @property
    def recipe(self) -> Recipe:
        return find_recipe(self.manifest, canonicalize_name(self.build.project))

    @property
    def job_class(self) -> JobClass:
        return self.plan.get_job_class(self.job)

    @property
    def targets(self) -> tuple[Target, ...]:
        return find_targets(self.build, self.plan)

    @property
    def inputs(self) -> BuildInputs:
        """What the configuration of the build is computed from."""
        return create_inputs(
            self.job_class,
            project=self.build.project,
            recipe=self.recipe,
            targets=self.targets,
            is_pure=self.build.is_pure,
            epoch=self.build.epoch,
            deployment_target=self.build.deployment_target,
            requirements=tuple(map(describe_file, self.wheelhouse.wheels)),
            is_locked=self.wheelhouse.is_complete,
        )

    @property
    def place(self) -> str:
        return describe_build(self.build, self.job)


def find_targets(build: Build, plan: Plan) -> tuple[Target, ...]:
    """The targets that ``build`` serves."""
    return tuple(
        Target.parse(target.python, target.platform)
        for target in plan.targets
        if target.id in build.targets
    )


def describe_build(build: Build, job: Job) -> str:
    """The words for a build of a job in messages."""
    return f"{job.id}: {build.label}"
