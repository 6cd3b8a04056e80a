"""
What the planning job of GitHub's workflow hands to the jobs after it.

An output cannot be replaced by another job of the run, as an artifact can. So it is the outputs
that say what runs, what is left out and why; the required job accepts no other reason.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from matrix.manifest.model import Manifest
from matrix.pipelines import agreement, transfers
from matrix.pipelines.limits import check_limit
from matrix.pipelines.provider import JobRunner, Provider
from matrix.pipelines.run_facts import RunFacts

if TYPE_CHECKING:
    from matrix.plan.model import Cell, Job, Plan

EMPTY: Final = "empty"
DIGEST: Final = "digest"
BUNDLE: Final = "bundle"
LOCK: Final = "lock"
REASON: Final = "reason"
REUSED: Final = "reused"
_NAMED_PROJECTS: Final = 2


def render(
    manifest: Manifest,
    plan: "Plan",
    runner_by_class: Mapping[str, JobRunner],
    run: RunFacts | None,
) -> dict[str, str]:
    """
    The outputs, name to one line.

    For each job class the rows of its matrix, ``job`` with the ``name`` that people see; under
    ``empty`` whether there is no row; under ``bundle`` whether the run makes a bundle; under
    ``reason`` why jobs of the plan are left out; under ``reused`` whether the store has wheels of
    the plan; under ``digest`` and ``lock`` the sha256 of ``plan.json`` and of the lock beside it.
    """
    reason_by_class = _find_reasons(manifest, runner_by_class, run)
    rows_by_class: dict[str, list[dict[str, str]]] = {name: [] for name in runner_by_class}
    platform_by_class = {job_class.id: job_class.platform for job_class in plan.job_classes}
    left_out = set()
    for job in plan.jobs:
        if job.job_class in reason_by_class:
            left_out.add(reason_by_class[job.job_class])
            continue
        name = name_job(job, platform_by_class[job.job_class])
        rows_by_class[job.job_class].append({"job": job.id, "name": name})
    outputs = {name: _dump(rows) for name, rows in rows_by_class.items()}
    outputs[EMPTY] = _dump(not any(rows_by_class.values()))
    outputs[BUNDLE] = _dump(not left_out)
    outputs[REUSED] = _dump(any(_is_stored(cell) for cell in plan.cells))
    outputs[LOCK] = plan.lock_sha256
    outputs[REASON] = "; ".join(sorted(left_out))
    outputs[DIGEST] = agreement.digest_plan(plan)
    return outputs


def _is_stored(cell: "Cell") -> bool:
    """Whether the store, and not a bundle, has the wheel of a cell."""
    return cell.state == "reused" and bool(cell.location)


def name_job(job: "Job", platform: str) -> str:
    """What a job is called in lists of jobs: its platform, and the first of its projects."""
    projects = list(dict.fromkeys(build.project for build in job.builds))
    rest = len(projects) - _NAMED_PROJECTS
    more = f" +{rest}" if rest > 0 else ""
    return f"{platform}: {', '.join(projects[:_NAMED_PROJECTS])}{more}"


def check_limits(
    provider: Provider,
    plan: "Plan",
    runner_by_class: Mapping[str, JobRunner],
    text_by_output: Mapping[str, str],
) -> None:
    """Raise ``UsageError`` when the service would refuse the jobs or the outputs of a plan."""
    remedy = "give some of these targets a runner of their own: each runner has its own matrix"
    for name in runner_by_class:
        count = sum(job.job_class == name for job in plan.jobs)
        place = f"job class {name}"
        check_limit(provider, "jobs per matrix", count, place=place, remedy=remedy)
    remedy = "plan fewer projects at a time: move some to a manifest of their own"
    count = len(plan.jobs) + len(transfers.SINGLE_ARTIFACTS)
    check_limit(provider, "artifacts per run", count, place="the plan", remedy=remedy)
    size = sum(len(text.encode("utf-16-le")) for item in text_by_output.items() for text in item)
    check_limit(provider, "job output bytes", size, place="job plan", remedy=remedy)


def _find_reasons(
    manifest: Manifest, runner_by_class: Mapping[str, JobRunner], run: RunFacts | None
) -> dict[str, str]:
    """Job class to why its jobs are left out of this run."""
    return dict(_list_reasons(manifest, runner_by_class, run))


def _list_reasons(
    manifest: Manifest, runner_by_class: Mapping[str, JobRunner], run: RunFacts | None
) -> Iterator[tuple[str, str]]:
    if run is None:
        return
    for name, runner in runner_by_class.items():
        if run.is_merge_request and manifest.merge_requests == "plan":
            yield name, "merge requests build nothing: merge-requests: plan"
        elif run.is_fork and manifest.github.forks == "hosted" and not runner.is_hosted:
            yield name, "own runners build nothing of a fork: github: {forks: hosted}"


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
