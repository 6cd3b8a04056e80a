"""GitLab CI: a committed parent that plans, and a run-time child that builds and bundles."""

from collections.abc import Mapping
from typing import Final

from matrix.manifest.model import Manifest
from matrix.pipelines import agreement, header, limits, machines, release
from matrix.pipelines.scalar import Passed, render
from matrix.plan.model import Plan, State

PARENT: Final = ".gitlab-ci.yml"
CHILD: Final = "child.yml"
BUILD: Final = "build-"
"""What names of build jobs start with, so that none is a keyword of GitLab's."""

# The variable holds an option or nothing, and must then vanish from the command line.
_RELOCK: Final = {
    "posix": Passed("${WHEELYARD_RELOCK:+--relock}"),
    "windows": Passed("$env:WHEELYARD_RELOCK"),
}


def committed(manifest: Manifest) -> dict[str, str]:
    """The parent: a function of runners, tool and this program's version."""
    if not machines.is_used(manifest, "gitlab"):
        return {}
    machines.builders(manifest, "gitlab")  # raises when a class has no runner
    text = _render("gitlab/parent.yml.j2", manifest, {})
    return {PARENT: text}


def run_time(manifest: Manifest, plan: Plan) -> dict[str, str]:
    """The child pipeline of ``plan``: one job for each of its jobs, then the bundle."""
    if not machines.is_used(manifest, "gitlab"):
        return {}
    found = machines.builders(manifest, "gitlab")
    used = {job.job_class for job in plan.jobs}
    fields = {
        "builds": {name: machine for name, machine in found.items() if name in used},
        "jobs": [(f"{BUILD}{job.id}", job, found[job.job_class]) for job in plan.jobs],
        "digest": agreement.digest(plan),
        "bundle": manifest.bundle,
        "certificates": manifest.network.ca_bundle,
        "part_bytes": limits.cap("gitlab", "release file bytes"),
    }
    text = _render("gitlab/child.yml.j2", manifest, fields)
    _respect_limits(manifest, plan, text)
    return {CHILD: text}


def _render(template: str, manifest: Manifest, fields: Mapping[str, object]) -> str:
    coordinator = machines.coordinator(manifest, "gitlab")
    shared = {
        **header.fields(manifest),
        "coordinator": coordinator,
        "relock": _RELOCK["windows" if coordinator.is_windows else "posix"],
        "is_release": Passed(f"$CI_COMMIT_TAG =~ {release.PATTERN}"),
    }
    return render(template, dialect="gitlab", source=manifest.source, fields={**shared, **fields})


def _respect_limits(manifest: Manifest, plan: Plan, text: str) -> None:
    # The bundle is one artifact, and wheels do not shrink when zipped. What built ones weigh
    # is not known yet.
    known = plan.count_bytes(State.PUBLISHED, State.REUSED, State.UNIVERSAL)
    remedy = "raise the instance's maximum artifacts size, then say gitlab: {artifact-megabytes: N}"
    limits.require(
        "gitlab",
        "artifact megabytes",
        known >> 20,
        place="the bundle",
        remedy=remedy,
        most=manifest.gitlab.artifact_megabytes,
    )
    for job in plan.jobs:
        count, place = len(f"{BUILD}{job.id}"), f"job {job.id}"
        remedy = "name the project's version shorter, or exclude it where it is built"
        limits.require("gitlab", "job name characters", count, place=place, remedy=remedy)
    remedy = "plan fewer projects at a time: move some to a manifest of their own"
    limits.require("gitlab", "child pipeline bytes", len(text), place=CHILD, remedy=remedy)
