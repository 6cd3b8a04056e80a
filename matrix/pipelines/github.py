"""GitHub Actions: a committed workflow with a job per job class, each with a run-time matrix."""

import json
from collections.abc import Mapping
from typing import Final

from matrix.errors import ManifestError
from matrix.manifest.model import Manifest
from matrix.pipelines import header, labels, limits, machines, release
from matrix.pipelines.pins import actions
from matrix.pipelines.scalar import render
from matrix.plan.model import Plan

WORKFLOW: Final = ".github/workflows/wheels.yml"
EMPTY: Final = "empty"
OTHER_ARTIFACTS: Final = ("plan", "report", "bundle")
"""What a run keeps beside the wheels of each job."""


def committed(manifest: Manifest) -> dict[str, str]:
    """The workflow: a function of targets, runners, tool, pins and this program's version."""
    if not machines.is_used(manifest, "github"):
        return {}
    if problems := list(labels.unknown(manifest)):
        raise ManifestError.of(problems)
    fields = {
        **header.fields(manifest),
        "coordinator": machines.coordinator(manifest, "github"),
        "builds": machines.builders(manifest, "github"),
        "actions": actions(manifest.github.dialect),
        "is_enterprise": manifest.github.dialect == "enterprise-server",
        "tags": release.TAGS,
        "part_bytes": limits.cap("github", "release file bytes"),
    }
    text = render("github/wheels.yml.j2", dialect="github", source=manifest.source, fields=fields)
    remedy = "let one runner match several targets: each job class is a job of the workflow"
    limits.require("github", "workflow bytes", len(text), place=WORKFLOW, remedy=remedy)
    return {WORKFLOW: text}


def run_time(manifest: Manifest, plan: Plan) -> dict[str, str]:
    """
    The plan job's outputs, name to JSON on one line.

    For each job class the ids of its jobs; and under ``empty`` whether no class has any.
    """
    if not machines.is_used(manifest, "github"):
        return {}
    listed: dict[str, list[str]] = {name: [] for name in machines.builders(manifest, "github")}
    for job in plan.jobs:
        listed[job.job_class].append(job.id)
    outputs = {name: json.dumps(ids, separators=(",", ":")) for name, ids in listed.items()}
    outputs[EMPTY] = json.dumps(not plan.jobs)
    _respect_limits(listed, outputs)
    return outputs


def _respect_limits(listed: Mapping[str, list[str]], outputs: Mapping[str, str]) -> None:
    remedy = "give some of these targets a runner of their own: each runner has its own matrix"
    for name, ids in listed.items():
        place = f"job class {name}"
        limits.require("github", "jobs per matrix", len(ids), place=place, remedy=remedy)
    remedy = "plan fewer projects at a time: move some to a manifest of their own"
    count = sum(map(len, listed.values())) + len(OTHER_ARTIFACTS)
    limits.require("github", "artifacts per run", count, place="the plan", remedy=remedy)
    size = sum(len(text.encode("utf-16-le")) for item in outputs.items() for text in item)
    limits.require("github", "job output bytes", size, place="job plan", remedy=remedy)
