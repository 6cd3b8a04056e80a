"""One build of a job, with everything that it follows from."""

import dataclasses

from packaging.utils import canonicalize_name

from matrix.builds.prerequisites import Prerequisites
from matrix.builds.wheelhouse import Wheelhouse
from matrix.manifest.model import Manifest, Recipe
from matrix.plan.model import Build, Job, JobClass, Plan
from matrix.targets.target import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A build, its job and its plan, and the wheels that it may install."""

    build: Build
    job: Job
    plan: Plan
    manifest: Manifest
    prerequisites: Prerequisites
    wheelhouse: Wheelhouse

    @property
    def recipe(self) -> Recipe:
        return self.manifest.recipe(canonicalize_name(self.build.project))

    @property
    def job_class(self) -> JobClass:
        return self.plan.get_job_class(self.job)

    @property
    def targets(self) -> tuple[Target, ...]:
        return find_targets(self.build, self.plan)

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
