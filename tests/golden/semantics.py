"""
What no schema and no linter sees in a workflow of GitHub: whether its parts refer to each other.

``gitlab_semantics`` is the same for GitLab.
"""

import fnmatch
import graphlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_OUTPUT = re.compile(r"needs\.([\w-]+)\.outputs\.([\w-]+)")
_RESULT = re.compile(r"needs\.([\w-]+)\.result")
_STEP = re.compile(r"steps\.([\w-]+)\.outputs\.([\w-]+)")
_OUTCOME = re.compile(r"steps\.([\w-]+)\.outcome")
_MATRIX = re.compile(r"matrix\.([\w-]+)")
_OUTPUTS = {"bundle": {"sha256"}}
_WRITERS = {"publish": "contents", "comment": "pull-requests"}
_PINNED = re.compile(r"[\w.-]+/[\w-]+@[0-9a-f]{40}")
_ILLEGAL = re.compile(r'[":<>|*?\r\n\\/]')


def parse(text: str) -> Any:  # noqa: ANN401 - any YAML
    """The text as YAML whose scalars all stay text; a key that is there twice is an error."""
    return yaml.load(str(text), Loader=_Strict)  # noqa: S506 - makes nothing but text


class _Strict(yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader):  # type: ignore[misc]
    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT002 - PyYAML's signature
    ) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"repeated keys in {keys}"
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def github_problems(text: str, outputs: Mapping[str, str]) -> list[str]:
    """``outputs`` are what the planning step writes."""
    jobs = parse(text)["jobs"]
    problems = list(_needs(jobs))
    for name, job in jobs.items():
        problems += _references(name, job, jobs, outputs)
        problems += _rules(name, job)
    return problems + list(_artifacts(jobs, outputs))


def _needs(jobs: Mapping[str, Any]) -> Iterator[str]:
    graph = {name: job.get("needs", []) for name, job in jobs.items()}
    for name, needed in graph.items():
        yield from (f"{name} needs {other}" for other in needed if other not in jobs)
        if len(needed) != len(set(needed)):
            yield f"{name} needs something twice"
    tuple(graphlib.TopologicalSorter(graph).static_order())


def _references(
    name: str, job: Mapping[str, Any], jobs: Mapping[str, Any], outputs: Mapping[str, str]
) -> Iterator[str]:
    text = yaml.safe_dump(job, width=10_000)
    for other, output in _OUTPUT.findall(text):
        if other not in job.get("needs", []) or output not in jobs[other].get("outputs", {}):
            yield f"{name} reads {other}.{output}"
    yield from (f"{name} asks for {o}" for o in _RESULT.findall(text) if o not in job["needs"])
    steps = {step["id"] for step in job["steps"] if "id" in step}
    for step, output in _STEP.findall(text):
        if step not in steps or output not in _OUTPUTS.get(step, outputs):
            yield f"{name} reads step {step}.{output}"
    yield from (f"{name} asks for step {s}" for s in _OUTCOME.findall(text) if s not in steps)
    keys = job.get("strategy", {}).get("matrix", {})
    yield from (f"{name} reads matrix.{key}" for key in _MATRIX.findall(text) if key not in keys)


def _rules(name: str, job: Mapping[str, Any]) -> Iterator[str]:
    if "timeout-minutes" not in job or "permissions" not in job:
        yield f"{name} has no limit of time or of rights"
    writes = [right for right, how in job["permissions"].items() if how == "write"]
    if writes != ([_WRITERS[name]] if name in _WRITERS else []):
        yield f"{name} has the rights {job['permissions']}"
    for step in job["steps"]:
        script = step.get("run", "")
        if "${{" in script:
            yield f"{name} runs an expression: {script}"
        if "\n" in script.strip():
            yield f"{name} runs several lines: {script}"
        if "uses" in step and not _PINNED.fullmatch(step["uses"]):
            yield f"{name} uses {step['uses']}"
        credentials = step.get("with", {}).get("persist-credentials", "true")
        if "checkout" in step.get("uses", "") and credentials != "false":
            yield f"{name} keeps credentials"
        has_token = "github.token" in yaml.safe_dump(step.get("env", {}))
        if has_token and name not in _WRITERS:
            yield f"{name} has a token"


def _artifacts(jobs: Mapping[str, Any], outputs: Mapping[str, str]) -> Iterator[str]:
    uploads: dict[str, str] = {}
    kept_by_failure: dict[str, str] = {}
    for name, step in _steps(jobs, "upload-artifact"):
        # What a failure leaves behind is for people: no job downloads it.
        where = kept_by_failure if step.get("if") == "failure()" else uploads
        for artifact in _expand(step["with"]["name"], jobs[name], outputs):
            if other := uploads.get(artifact) or kept_by_failure.get(artifact):
                yield f"{name} and {other} upload {artifact}"
            if _ILLEGAL.search(artifact):
                yield f"{name} uploads {artifact}"
            where[artifact] = name
    for name, step in _steps(jobs, "download-artifact"):
        yield from _download(name, step["with"], jobs, uploads)


def _download(
    name: str, options: Mapping[str, str], jobs: Mapping[str, Any], uploads: Mapping[str, str]
) -> Iterator[str]:
    """``name`` takes one; without it everything comes (version 3), or what ``pattern`` matches."""
    builds = {artifact for artifact, job in uploads.items() if job.startswith("build-")}
    pattern = options.get("name") or options.get("pattern")
    if pattern is None:
        wanted = builds
    else:
        matched = {upload for upload in uploads if fnmatch.fnmatchcase(upload, pattern)}
        wanted = builds if "pattern" in options else {pattern}
        if matched != wanted:
            yield f"{name} downloads {sorted(matched)} instead of {sorted(wanted)}"
    if "pattern" in options and options.get("merge-multiple") != "true":
        yield f"{name} downloads one artifact unlike several"
    needed = set(jobs[name]["needs"])
    for artifact in sorted(wanted & uploads.keys()):
        if uploads[artifact] not in needed:
            yield f"{name} does not wait for {uploads[artifact]}"


def _steps(jobs: Mapping[str, Any], action: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, job in jobs.items():
        yield from ((name, step) for step in job["steps"] if action in step.get("uses", ""))


def _expand(name: str, job: Mapping[str, Any], outputs: Mapping[str, str]) -> list[str]:
    if "matrix.job" not in name:
        return [name]
    output = _OUTPUT.search(job["strategy"]["matrix"]["job"])
    assert output
    return [name.replace("${{ matrix.job }}", job) for job in parse(outputs[output[2]])]


def runs(
    job: Mapping[str, Any],
    *,
    results: Mapping[str, str],
    github: Mapping[str, str],
    outputs: Mapping[str, str] | None = None,
) -> bool:
    """
    Whether a job's ``if`` lets it run, after ``results`` and ``outputs`` of what it needs.

    Both are by what follows ``needs.``: a job, or `plan.empty`; ``github`` is by `event.number`.

    Only for jobs that ask ``cancelled()``: GitHub adds ``success()`` to the conditions of others.
    """
    text = job["if"].removeprefix("${{").removesuffix("}}")
    assert "!cancelled()" in text
    replaced = [
        (r"contains\(needs\.\*\.result, ('\w+')\)", lambda m: str(m[1][1:-1] in results.values())),
        (r"needs\.([\w-]+)\.result", lambda m: repr(results[m[1]])),
        (_OUTPUT.pattern, lambda m: repr((outputs or {})[f"{m[1]}.{m[2]}"])),
        (r"github\.([\w.]+)", lambda m: repr(github[m[1]])),
        (r"cancelled\(\)", lambda _: str("cancelled" in results.values())),
        (r"&&", lambda _: "and"),
        (r"\|\|", lambda _: "or"),
        (r"!(?!=)", lambda _: "not "),
    ]
    for pattern, by in replaced:
        text = re.sub(pattern, by, text)
    return bool(eval(text.strip()))  # noqa: S307 - what is left are constants and operators
