"""One build of a job, with all that it follows from."""

import dataclasses

from packaging.utils import canonicalize_name

from matrix.builds.offering import Offered
from matrix.builds.sequence import place_of
from matrix.builds.stock import Stock
from matrix.manifest.model import Manifest, Recipe
from matrix.plan.model import Build, Job, JobClass, Plan
from matrix.targets.target import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A build, the job and the plan that it stands in, and the wheels that it is given."""

    build: Build
    job: Job
    plan: Plan
    manifest: Manifest
    offered: Offered
    stock: Stock

    @property
    def recipe(self) -> Recipe:
        return self.manifest.recipe(canonicalize_name(self.build.project))

    @property
    def job_class(self) -> JobClass:
        return self.plan.class_of(self.job)

    @property
    def targets(self) -> tuple[Target, ...]:
        return targets_of(self.build, self.plan)

    @property
    def place(self) -> str:
        return place_of(self.build, self.job)


def targets_of(build: Build, plan: Plan) -> tuple[Target, ...]:
    """The targets that ``build`` serves."""
    return tuple(
        Target.parse(target.python, target.platform)
        for target in plan.targets
        if target.id in build.targets
    )
