"""What no schema and no linter sees in a pipeline: whether its parts refer to each other."""

import fnmatch
import graphlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_OUTPUT = re.compile(r"needs\.([\w-]+)\.outputs\.([\w-]+)")
_RESULT = re.compile(r"needs\.([\w-]+)\.result")
_STEP = re.compile(r"steps\.([\w-]+)\.outputs\.([\w-]+)")
_MATRIX = re.compile(r"matrix\.([\w-]+)")
_PINNED = re.compile(r"actions/[\w-]+@[0-9a-f]{40}")
_KEYWORDS = {"stages", "workflow", "variables", "default"}


def parse(text: str) -> Any:  # noqa: ANN401 - whatever the text is
    """The text as YAML whose scalars all stay text."""
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes nothing but text


def github_problems(text: str, outputs: Mapping[str, str]) -> list[str]:
    """``outputs`` are what the planning step writes."""
    jobs = parse(text)["jobs"]
    found = list(_needs(jobs))
    for name, job in jobs.items():
        found += _references(name, job, jobs, outputs)
        found += _rules(name, job)
    return found + list(_artifacts(jobs, outputs))


def _needs(jobs: Mapping[str, Any]) -> Iterator[str]:
    graph = {name: job.get("needs", []) for name, job in jobs.items()}
    for name, needed in graph.items():
        yield from (f"{name} needs {other}" for other in needed if other not in jobs)
    tuple(graphlib.TopologicalSorter(graph).static_order())


def _references(
    name: str, job: Mapping[str, Any], jobs: Mapping[str, Any], outputs: Mapping[str, str]
) -> Iterator[str]:
    text = yaml.safe_dump(job)
    for other, output in _OUTPUT.findall(text):
        if other not in job.get("needs", []) or output not in jobs[other].get("outputs", {}):
            yield f"{name} reads {other}.{output}"
    yield from (f"{name} asks for {o}" for o in _RESULT.findall(text) if o not in job["needs"])
    steps = {step["id"] for step in job["steps"] if "id" in step}
    for step, output in _STEP.findall(text):
        if step not in steps or output not in outputs:
            yield f"{name} reads step {step}.{output}"
    keys = job.get("strategy", {}).get("matrix", {})
    yield from (f"{name} reads matrix.{key}" for key in _MATRIX.findall(text) if key not in keys)


def _rules(name: str, job: Mapping[str, Any]) -> Iterator[str]:
    if "timeout-minutes" not in job or "permissions" not in job:
        yield f"{name} has no limit of time or of rights"
    for step in job["steps"]:
        if "${{" in step.get("run", ""):
            yield f"{name} runs an expression: {step['run']}"
        if "uses" in step and not _PINNED.fullmatch(step["uses"]):
            yield f"{name} uses {step['uses']}"
        credentials = step.get("with", {}).get("persist-credentials", "true")
        if "checkout" in step.get("uses", "") and credentials != "false":
            yield f"{name} keeps credentials"


def _artifacts(jobs: Mapping[str, Any], outputs: Mapping[str, str]) -> Iterator[str]:
    uploads: dict[str, str] = {}
    for name, step in _steps(jobs, "upload-artifact"):
        for artifact in _expanded(step["with"]["name"], jobs[name], outputs):
            if artifact in uploads:
                yield f"{name} and {uploads[artifact]} upload {artifact}"
            uploads[artifact] = name
    for name, step in _steps(jobs, "download-artifact"):
        pattern = step["with"].get("name") or step["with"]["pattern"]
        matched = {upload for upload in uploads if fnmatch.fnmatchcase(upload, pattern)}
        if pattern == "wheels-*":
            builds = {a for a, job in uploads.items() if job.startswith("build-")}
            if matched != builds:
                yield f"{name} downloads {sorted(matched)} instead of {sorted(builds)}"
        elif not matched:
            yield f"{name} downloads {pattern}, which nobody uploads"
        needed = set(jobs[name]["needs"])
        yield from (
            f"{name} does not wait for {uploads[m]}" for m in matched if uploads[m] not in needed
        )


def _steps(jobs: Mapping[str, Any], action: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, job in jobs.items():
        yield from ((name, step) for step in job["steps"] if action in step.get("uses", ""))


def _expanded(name: str, job: Mapping[str, Any], outputs: Mapping[str, str]) -> list[str]:
    if "matrix.job" not in name:
        return [name]
    output = _OUTPUT.search(job["strategy"]["matrix"]["job"])
    assert output
    return [name.replace("${{ matrix.job }}", job) for job in parse(outputs[output[2]])]


def gitlab_problems(text: str) -> Iterator[str]:
    whole = parse(text)
    jobs = {name: job for name, job in whole.items() if name not in _KEYWORDS}
    for name, job in jobs.items():
        if name.startswith("."):
            continue
        merged = {**jobs.get(job.get("extends"), {}), **job}
        if "extends" in job and job["extends"] not in jobs:
            yield f"{name} extends {job['extends']}"
        if merged.get("stage") not in whole["stages"]:
            yield f"{name} is in no stage"
        if "trigger" in merged:
            yield from _child(name, merged, whole)
        elif not merged.get("script") or "timeout" not in merged:
            yield f"{name} has no script or no timeout"
        if "build" in name and "windows" in merged.get("tags", []) and len(merged["script"]) != 1:
            yield f"{name} runs several lines on Windows"


def _child(name: str, job: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    included = job["trigger"]["include"][0]
    maker = whole[included["job"]]
    if whole["stages"].index(maker["stage"]) >= whole["stages"].index(job["stage"]):
        yield f"{name} starts before its child is made"
    if not any(included["artifact"].startswith(path) for path in maker["artifacts"]["paths"]):
        yield f"{name} includes {included['artifact']}, which is not kept"
