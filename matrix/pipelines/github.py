"""GitHub Actions: a committed workflow with a job per job class, each with a run-time matrix."""

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from matrix.errors import ManifestError
from matrix.manifest.model import Manifest
from matrix.manifest.runner import Machine
from matrix.pipelines import (
    conditions,
    github_outputs,
    header,
    labels,
    transfers,
)
from matrix.pipelines.limits import check_limit, read_limits
from matrix.pipelines.pins import choose_actions
from matrix.pipelines.provider import Errors, JobRunner, Warnings
from matrix.pipelines.run_facts import RunFacts
from matrix.pipelines.runners import find_builders, find_coordinator, is_used
from matrix.pipelines.scalar import Syntax, render
from matrix.record import schema

if TYPE_CHECKING:
    from matrix.plan.model import Plan

_DIRECTORY: Final = ".github/workflows"
WORKFLOW: Final = f"{_DIRECTORY}/wheels.yml"
"""Where the workflow is unless the manifest names it."""
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
        fields = {**header.fields(manifest), **self._list_fields(manifest)}
        text = render(
            "github/wheels.yml.j2", syntax=SYNTAX, source=manifest.source, value_by_name=fields
        )
        remedy = "let one runner match several targets: each job class is a job of the workflow"
        path = f"{_DIRECTORY}/{manifest.output.github}"
        check_limit(self, "workflow bytes", len(text), place=path, remedy=remedy)
        return {path: text}

    def render_outputs(
        self, manifest: Manifest, plan: "Plan", run: RunFacts | None = None
    ) -> dict[str, str]:
        """The planning job's outputs, name to one line: those of ``github_outputs``."""
        if not is_used(manifest, self):
            return {}
        builders = find_builders(manifest, self)
        outputs = github_outputs.render(manifest, plan, builders, run)
        github_outputs.check_limits(self, plan, builders, outputs)
        return outputs

    def render_child(self, manifest: Manifest, plan: "Plan") -> str:
        """None: the committed workflow has a job for each job class."""
        del manifest, plan
        return ""

    def _list_fields(self, manifest: Manifest) -> dict[str, object]:
        """What the templates of this service print and decide by."""
        coordinator, builds = find_coordinator(manifest, self), find_builders(manifest, self)
        is_enterprise = manifest.github.dialect == "enterprise-server"
        is_release = conditions.is_release(manifest.output.tags)
        spares_forks = manifest.github.forks == "hosted"
        released = list_released(manifest)
        return {
            "name": manifest.output.name,
            "branch": manifest.github.branch,
            "is_reusable": manifest.output.reusable,
            "tags": (f"{manifest.output.tags}[0-9]*",),
            "has_store": has_store(manifest),
            "is_shared": bool(manifest.store.directory),
            "bot": manifest.bot,
            "sign": manifest.sign,
            "signature": schema.SIGNATURE,
            "is_attested": manifest.github.attest,
            "is_scheduled": manifest.schedule == "weekly",
            "is_release": is_release,
            "is_fork": conditions.IS_FORK,
            "is_own_request": conditions.IS_OWN_REQUEST,
            "spares_forks": spares_forks,
            "coordinator": coordinator,
            "builds": builds,
            "machines": list_machines(builds),
            "released": released,
            "failures": conditions.name_failures(
                builds,
                released=released,
                tags=manifest.output.tags,
                spares_forks=spares_forks and not coordinator.is_hosted,
            ),
            "actions": choose_actions(manifest.github),
            "uploads": transfers.list_uploads(
                manifest.keep, is_release=is_release, has_parts=is_enterprise
            ),
            "downloads": transfers.list_downloads(),
            "is_enterprise": is_enterprise,
            "part_bytes": self.limits["release file bytes"],
        }


def list_released(manifest: Manifest) -> tuple[str, ...]:
    """The jobs of a release that follow the bundle."""
    attest = ("attest",) if manifest.github.attest else ()
    sign = ("sign",) if manifest.sign else ()
    return (*attest, *sign, "publish")


def has_store(manifest: Manifest) -> bool:
    """Whether a run lists its wheels for later ones; a directory takes them from each job."""
    return bool(manifest.store.directory) or manifest.store.github != "none"


def list_machines(runner_by_class: Mapping[str, JobRunner]) -> dict[str, JobRunner]:
    """Each runner once, under the first job class that it builds."""
    machine_by_class: dict[str, JobRunner] = {}
    for name, runner in runner_by_class.items():
        if runner not in machine_by_class.values():
            machine_by_class[name] = runner
    return machine_by_class
