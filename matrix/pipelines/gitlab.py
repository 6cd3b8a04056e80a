"""GitLab CI: a committed parent that plans, and a run-time child that builds and bundles."""

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from matrix.errors import ManifestError, Problem
from matrix.manifest.model import Manifest
from matrix.manifest.operations import RELEASE_DAYS
from matrix.manifest.runner import Machine
from matrix.pipelines import agreement, header
from matrix.pipelines.limits import check_limit, read_limits
from matrix.pipelines.provider import Errors, JobRunner, Warnings
from matrix.pipelines.run_facts import RunFacts
from matrix.pipelines.runners import find_builders, find_coordinator, is_used
from matrix.pipelines.scalar import Passed, Syntax, render, word

if TYPE_CHECKING:
    from matrix.plan.model import Job, Plan

PARENT: Final = ".gitlab-ci.yml"
CHILD: Final = "child.yml"
BUILD: Final = "build-"
"""What names of build jobs start with, so that none is a keyword of GitLab's."""
_NAMED_PROJECTS: Final = 2

# "$" covers "$[[ inputs.x ]]" too.
SYNTAX: Final = Syntax(service="gitlab", expansion="$")

# The variable holds an option or nothing, and must then vanish from the command line.
_RELOCK: Final = {
    "posix": Passed("${WHEELYARD_RELOCK:+--relock}"),
    "windows": Passed("$env:WHEELYARD_RELOCK"),
}


class GitLab:
    """GitLab CI, of gitlab.com or of an instance of one's own."""

    name: Final = SYNTAX.service
    has_actions: Final = False
    owned_places: Final = (PARENT,)

    @property
    def limits(self) -> Mapping[str, int]:
        return read_limits(self.name)

    def find_runner(self, runner: Machine, manifest: Manifest) -> JobRunner | None:
        del manifest
        if not runner.gitlab.words:
            return None
        return JobRunner(
            labels=runner.gitlab.tags,
            image=runner.gitlab.image,
            services=runner.gitlab.services,
            value_by_variable=runner.gitlab.variables,
        )

    def judge_runners(self, manifest: Manifest, today: datetime.date) -> tuple[Warnings, Errors]:
        """Nothing: every tag is the instance's own."""
        del manifest, today
        return (), ()

    def render_committed(self, manifest: Manifest) -> dict[str, str]:
        """The parent: a function of runners, tool and this program's version."""
        if not is_used(manifest, self):
            return {}
        find_builders(manifest, self)  # raises when a class has no runner
        if manifest.sign and find_coordinator(manifest, self).is_windows:
            what = "sign: expected a coordinator with a POSIX shell on GitLab, got one with Windows"
            hint = "coordinator: {gitlab: [linux]}"
            line = manifest.sign.line
            raise ManifestError(Problem(place=manifest.source, line=line, what=what, hint=hint))
        return {manifest.output.gitlab: self._render("gitlab/parent.yml.j2", manifest, {})}

    def render_outputs(
        self, manifest: Manifest, plan: "Plan", run: RunFacts | None = None
    ) -> dict[str, str]:
        """None: what depends on the plan stands in the child pipeline."""
        del manifest, plan, run
        return {}

    def render_child(self, manifest: Manifest, plan: "Plan") -> str:
        """One job for each job of the plan, then the bundle."""
        if not is_used(manifest, self):
            return ""
        runner_by_class = find_builders(manifest, self)
        used = {job.job_class for job in plan.jobs}
        fields = {
            "builds": {name: runner for name, runner in runner_by_class.items() if name in used},
            "jobs": [(name_job(job), job, runner_by_class[job.job_class]) for job in plan.jobs],
            "digest": agreement.digest_plan(plan),
            "is_kept": self._is_kept(manifest, plan),
            "part_bytes": self.limits["release file bytes"],
        }
        text = self._render("gitlab/child.yml.j2", manifest, fields)
        self._check_limits(plan, text)
        return text

    def _render(self, template: str, manifest: Manifest, fields: Mapping[str, object]) -> str:
        coordinator = find_coordinator(manifest, self)
        has_packages = manifest.store.gitlab == "packages" and not manifest.store.directory
        has_store = has_packages or bool(manifest.store.directory)
        shared = {
            **header.fields(manifest),
            "bundle": manifest.bundle,
            "coordinator": coordinator,
            "relock": _RELOCK["windows" if coordinator.is_windows else "posix"],
            "env": Passed("$env:" if coordinator.is_windows else "$"),
            "is_release": Passed(f"$CI_COMMIT_TAG =~ /^{word(manifest.output.tags)}[0-9]/"),
            "is_scheduled": manifest.schedule != "off",
            "is_lock_required": manifest.policy.lock == "required",
            "requests_plan": manifest.merge_requests == "plan",
            "has_store": has_store,
            "put": Passed(" --put" if has_store else ""),
            "is_signed": has_packages and bool(manifest.gitlab.store_key),
            "keep": manifest.keep,
            "signing": manifest.sign,
            "release_days": max(manifest.keep.bundles, RELEASE_DAYS),
        }
        fields = {**shared, **fields}
        return render(template, syntax=SYNTAX, source=manifest.source, value_by_name=fields)

    def _is_kept(self, manifest: Manifest, plan: "Plan") -> bool:
        """Whether the bundle fits into an artifact, as far as its size is known."""
        from matrix.plan.model import State  # noqa: PLC0415 - ``check`` has no plan

        # The bundle is one artifact, and wheels do not shrink when zipped. The size of those that
        # are built is not known yet.
        known = plan.count_bytes(State.PUBLISHED, State.REUSED)
        cap = manifest.gitlab.artifact_megabytes or self.limits["artifact megabytes"]
        return known >> 20 <= cap

    def _check_limits(self, plan: "Plan", text: str) -> None:
        remedy = "name the project's version shorter, or exclude it where it is built"
        for job in plan.jobs:
            count, place = len(name_job(job)), f"job {job.id}"
            check_limit(self, "job name characters", count, place=place, remedy=remedy)
        remedy = "plan fewer projects at a time: move some to a manifest of their own"
        check_limit(self, "child pipeline bytes", len(text), place=CHILD, remedy=remedy)


def name_job(job: "Job") -> str:
    """What a job is called in lists of jobs: its id, which no other has, and its first projects."""
    projects = list(dict.fromkeys(build.project for build in job.builds))
    rest = len(projects) - _NAMED_PROJECTS
    more = f" +{rest}" if rest > 0 else ""
    return f"{BUILD}{job.id}: {', '.join(projects[:_NAMED_PROJECTS])}{more}"
