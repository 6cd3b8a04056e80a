"""GitHub Actions: a committed workflow with a job per job class, each with a run-time matrix."""

import json
from collections.abc import Mapping
from typing import Final

from matrix.manifest.model import Manifest
from matrix.pipelines import header, limits, machines
from matrix.pipelines.pins import actions
from matrix.pipelines.scalar import render
from matrix.plan.model import Plan

WORKFLOW: Final = ".github/workflows/wheels.yml"
EMPTY: Final = "empty"


def committed(manifest: Manifest) -> dict[str, str]:
    """The workflow: a function of targets, runners, tool, pins and this program's version."""
    if not machines.is_used(manifest, "github"):
        return {}
    fields = {
        **header.fields(manifest),
        "coordinator": machines.coordinator(manifest, "github"),
        "builds": [
            (job_class.id, machines.Machine.of_class(job_class, "github"))
            for job_class in machines.classes(manifest, "github")
        ],
        "actions": actions(),
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
    listed: dict[str, list[str]] = {
        job_class.id: [] for job_class in machines.classes(manifest, "github")
    }
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
    size = sum(len(text.encode("utf-16-le")) for item in outputs.items() for text in item)
    remedy = "plan fewer projects at a time: move some to a manifest of their own"
    limits.require("github", "job output bytes", size, place="job plan", remedy=remedy)
