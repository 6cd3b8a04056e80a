"""What no schema sees in a pipeline of GitLab: whether its parts refer to each other."""

from collections.abc import Iterator, Mapping
from typing import Any

from matrix.pipelines.limits import read_limits

from .semantics import parse

LIMITS = read_limits("gitlab")
_KEYWORDS = {"stages", "workflow", "variables", "default"}
_AFTER_FAILURE = {"always", "on_failure"}
SAFE_SEQUENCES = {"bundle", "parts", "tag"}
"""Jobs of which a line does no harm where the line before it has failed."""
_ON_REQUEST = "$WHEELYARD_ALLOW_MISSING"
"""A person's word that a bundle may lack what failed."""


def gitlab_problems(text: str) -> list[str]:
    whole = parse(text)
    problems: list[str] = []
    for name in jobs_of(whole):
        problems += _job(name, merge_job(name, whole), whole)
    return problems


def jobs_of(whole: Mapping[str, Any]) -> list[str]:
    return [name for name in whole if name not in _KEYWORDS and not name.startswith(".")]


def merge_job(name: str, whole: Mapping[str, Any]) -> dict[str, Any]:
    """A job with what it extends."""
    return {**whole.get(whole[name].get("extends"), {}), **whole[name]}


def is_windows(job: Mapping[str, Any]) -> bool:
    lines = [*job.get("before_script", []), *job.get("script", [])]
    return any("Scripts/" in line or "$env:" in line for line in lines)


def _job(name: str, job: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    if "extends" in job and job["extends"] not in whole:
        yield f"{name} extends {job['extends']}"
    if job.get("stage") not in whole["stages"]:
        yield f"{name} is in no stage"
    if "trigger" in job:
        yield from _child(name, job, whole)
    elif not job.get("script") or "timeout" not in job:
        yield f"{name} has no script or no timeout"
    if is_windows(job) and len(job["script"]) != 1 and name not in SAFE_SEQUENCES:
        yield f"{name} runs several lines on Windows"
    if len(name) > LIMITS["job name characters"]:
        yield f"{name} has too long a name"
    if int(job.get("parallel", 1)) > LIMITS["parallel jobs"]:
        yield f"{name} is too many jobs"
    yield from _needs(name, job, whole)
    yield from _order(name, job, whole)


def _needs(name: str, job: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    needed = [other for other in job.get("needs", []) if isinstance(other, str)]
    for other in job.get("needs", []):
        # A job of the parent; that it made this pipeline proves that it has ended.
        if not isinstance(other, str) and other != {"pipeline": "$WHEELYARD_PARENT", "job": "plan"}:
            yield f"{name} needs {other}"
    if len(needed) > LIMITS["needs per job"] or len(needed) != len(set(needed)):
        yield f"{name} needs {len(needed)} jobs"
    stages = whole["stages"]
    for other in needed:
        # An earlier stage for what is needed: so there is no cycle either.
        if other not in whole or stages.index(whole[other]["stage"]) >= stages.index(job["stage"]):
            yield f"{name} needs {other}"
        if len(other) > LIMITS["job name characters where needed"]:
            yield f"{other} has too long a name to be needed"


def _order(name: str, job: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    """Nothing that makes or publishes a bundle runs after a failure, or without earlier stages."""
    rules = [r for r in job.get("rules", []) if _ON_REQUEST not in str(r.get("if"))]
    whens = {job.get("when"), *(rule.get("when") for rule in rules)}
    if job.get("allow_failure"):
        yield f"{name} may fail"
    if name in {"bundle", "parts", "publish"}:
        stages = whole["stages"]
        if whens & _AFTER_FAILURE or "needs" in job:
            yield f"{name} may run after a failed build"
        earlier = stages[: stages.index(job["stage"])]
        if not {"plan", "build"} <= set(earlier):
            yield f"{name} does not wait for plan and builds"


def _child(name: str, job: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    included = job["trigger"]["include"][0]
    maker = whole[included["job"]]
    if whole["stages"].index(maker["stage"]) >= whole["stages"].index(job["stage"]):
        yield f"{name} starts before its child is made"
    if not any(included["artifact"].startswith(path) for path in maker["artifacts"]["paths"]):
        yield f"{name} includes {included['artifact']}, which is not kept"
    if job["trigger"].get("strategy") != "depend":
        yield f"{name} does not wait for its child"
