"""GitHub Actions: a committed workflow with a job per job class, each with a run-time matrix."""

import datetime
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from matrix.errors import ManifestError
from matrix.manifest.model import Manifest
from matrix.manifest.runner import Machine
from matrix.pipelines import agreement, header, labels, release
from matrix.pipelines.limits import check_limit, read_limits
from matrix.pipelines.pins import read_actions
from matrix.pipelines.provider import Errors, JobRunner, Warnings
from matrix.pipelines.runners import find_builders, find_coordinator, is_used
from matrix.pipelines.scalar import Syntax, render

if TYPE_CHECKING:
    from matrix.plan.model import Plan

WORKFLOW: Final = ".github/workflows/wheels.yml"
EMPTY: Final = "empty"
DIGEST: Final = "digest"
OTHER_ARTIFACTS: Final = ("plan", "report", "bundle")
"""The artifacts of a run besides the wheels of each job."""

SYNTAX: Final = Syntax(service="github", expansion="${{")


class GitHub:
    """GitHub Actions, of github.com or of an enterprise server."""

    name: Final = SYNTAX.service
    has_actions: Final = True
    owned_places: Final = (".github/workflows/*.yaml", ".github/workflows/*.yml")

    @property
    def limits(self) -> Mapping[str, int]:
        return read_limits(self.name)

    def find_runner(self, runner: Machine, manifest: Manifest) -> JobRunner | None:
        if not runner.github.words:
            return None
        return JobRunner(
            labels=runner.github.labels,
            group=runner.github.group,
            is_hosted=labels.is_hosted(runner, manifest),
        )

    def judge_runners(self, manifest: Manifest, today: datetime.date) -> tuple[Warnings, Errors]:
        return labels.judge_labels(manifest, today)

    def render_committed(self, manifest: Manifest) -> dict[str, str]:
        """The workflow: a function of targets, runners, tool, pins and this program's version."""
        if not is_used(manifest, self):
            return {}
        if problems := list(labels.find_unknown(manifest)):
            raise ManifestError.of(problems)
        fields = {
            **header.fields(manifest),
            "coordinator": find_coordinator(manifest, self),
            "builds": find_builders(manifest, self),
            "actions": read_actions(manifest.github.dialect),
            "is_enterprise": manifest.github.dialect == "enterprise-server",
            "tags": release.TAGS,
            "part_bytes": self.limits["release file bytes"],
        }
        text = render(
            "github/wheels.yml.j2", syntax=SYNTAX, source=manifest.source, value_by_name=fields
        )
        remedy = "let one runner match several targets: each job class is a job of the workflow"
        check_limit(self, "workflow bytes", len(text), place=WORKFLOW, remedy=remedy)
        return {WORKFLOW: text}

    def render_outputs(self, manifest: Manifest, plan: "Plan") -> dict[str, str]:
        """
        The planning job's outputs, name to JSON on one line.

        For each job class the ids of its jobs; under ``empty`` whether no class has any; under
        ``digest`` the sha256 of ``plan.json``, because an artifact can be replaced and an output
        cannot.
        """
        if not is_used(manifest, self):
            return {}
        jobs_by_class: dict[str, list[str]] = {name: [] for name in find_builders(manifest, self)}
        for job in plan.jobs:
            jobs_by_class[job.job_class].append(job.id)
        outputs = {
            name: json.dumps(ids, separators=(",", ":")) for name, ids in jobs_by_class.items()
        }
        outputs[EMPTY] = json.dumps(not plan.jobs)
        outputs[DIGEST] = agreement.digest_plan(plan)
        self._check_limits(jobs_by_class, outputs)
        return outputs

    def render_child(self, manifest: Manifest, plan: "Plan") -> str:
        """None: the committed workflow has a job for each job class."""
        del manifest, plan
        return ""

    def _check_limits(
        self, jobs_by_class: Mapping[str, list[str]], outputs: Mapping[str, str]
    ) -> None:
        remedy = "give some of these targets a runner of their own: each runner has its own matrix"
        for name, ids in jobs_by_class.items():
            place = f"job class {name}"
            check_limit(self, "jobs per matrix", len(ids), place=place, remedy=remedy)
        remedy = "plan fewer projects at a time: move some to a manifest of their own"
        count = sum(map(len, jobs_by_class.values())) + len(OTHER_ARTIFACTS)
        check_limit(self, "artifacts per run", count, place="the plan", remedy=remedy)
        size = sum(len(text.encode("utf-16-le")) for item in outputs.items() for text in item)
        check_limit(self, "job output bytes", size, place="job plan", remedy=remedy)
