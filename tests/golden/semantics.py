"""
What no schema and no linter sees in a workflow of GitHub: whether its parts refer to each other.

``gitlab_semantics`` is the same for GitLab.
"""

import fnmatch
import graphlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

_OUTPUT = re.compile(r"needs\.([\w-]+)\.outputs\.([\w-]+)")
_RESULT = re.compile(r"needs\.([\w-]+)\.result")
_STEP = re.compile(r"steps\.([\w-]+)\.outputs\.([\w-]+)")
_OUTCOME = re.compile(r"steps\.([\w-]+)\.outcome")
_MATRIX = re.compile(r"matrix\.([\w-]+)")
_OUTPUTS = {
    "bundle": {"sha256", "sums"},
    "judge": {"failed"},
    "lock": {"changed"},
    "sign": {"sha256"},
    "wait": {"untested"},
}
_WRITERS = {
    "attest": ["attestations", "id-token"],
    "publish": ["contents"],
    "comment": ["pull-requests"],
    "comment-result": ["pull-requests"],
}
GATE = "wheels"
# What is red in these says nothing of the change: they report, ask runners, or keep for later runs.
_BESIDES = re.compile("comment|comment-result|keep|refresh|upgrade|runner-.*")
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
    problems += _gate(jobs)
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
        if step not in steps or output not in _OUTPUTS.get(step, {*outputs, "stale"}):
            yield f"{name} reads step {step}.{output}"
    yield from (f"{name} asks for step {s}" for s in _OUTCOME.findall(text) if s not in steps)
    keys = ("job", "name") if "include" in job.get("strategy", {}).get("matrix", {}) else ()
    yield from (f"{name} reads matrix.{key}" for key in _MATRIX.findall(text) if key not in keys)


def _rules(name: str, job: Mapping[str, Any]) -> Iterator[str]:
    if "timeout-minutes" not in job or "permissions" not in job:
        yield f"{name} has no limit of time or of rights"
    writes = [right for right, how in job["permissions"].items() if how == "write"]
    if writes != _WRITERS.get(name, []):
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
        if has_token and name not in _WRITERS and "actions" not in job["permissions"]:
            yield f"{name} has a token"


def _gate(jobs: Mapping[str, Any]) -> Iterator[str]:
    """The required job: a condition beside this one could skip it, which counts as success."""
    if jobs[GATE]["if"] != "${{ !cancelled() }}":
        yield f"{GATE} runs if {jobs[GATE]['if']}"
    if jobs[GATE]["permissions"] != {}:
        yield f"{GATE} has rights"
    judged = {name for name in jobs if not _BESIDES.fullmatch(name)} - {GATE}
    if set(jobs[GATE]["needs"]) != judged:
        yield f"{GATE} waits for {jobs[GATE]['needs']} and not for {sorted(judged)}"


def _artifacts(jobs: Mapping[str, Any], outputs: Mapping[str, str]) -> Iterator[str]:
    uploads: dict[str, str] = {}
    for name, step in _steps(jobs, "upload-artifact"):
        for artifact in _expand(step["with"]["name"], jobs[name], outputs):
            if uploads.get(artifact, name) != name:
                yield f"{name} and {uploads[artifact]} upload {artifact}"
            if _ILLEGAL.search(artifact):
                yield f"{name} uploads {artifact}"
            uploads[artifact] = name
        if not step["with"].get("retention-days"):
            yield f"{name} keeps {step['with']['name']} for as long as the repository says"
    for name, step in _steps(jobs, "download-artifact"):
        yield from _download(name, step["with"], jobs, uploads)
    for name, job in jobs.items():
        yield from _attempts(name, job["steps"])


def _attempts(name: str, steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A transfer that may fail has a second attempt with the same inputs, or is worth nothing."""
    by_name = {step["name"]: step for step in steps}
    for step in steps:
        if "-artifact" not in step.get("uses", "") or step["name"].endswith(" again"):
            continue
        again = by_name.get(f"{step['name']} again")
        if step.get("continue-on-error") != "true":
            yield f"{name}: {step['name']!r} is not tried again"
        elif again is None:
            if not re.fullmatch("(Keep|Fetch) the (logs|report)", step["name"]):
                yield f"{name}: {step['name']!r} may fail without a second attempt"
        elif again["with"] != step["with"] or "continue-on-error" in again:
            yield f"{name}: {again['name']!r} is not the same again"


def _download(
    name: str, options: Mapping[str, str], jobs: Mapping[str, Any], uploads: Mapping[str, str]
) -> Iterator[str]:
    """``name`` takes one; without it everything comes (version 3), or what ``pattern`` matches."""
    builds = {artifact for artifact in uploads if artifact.startswith("wheels-")}
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
    needed = _list_ancestors(name, jobs)
    for artifact in sorted(wanted & uploads.keys()):
        if uploads[artifact] not in needed:
            yield f"{name} does not wait for {uploads[artifact]}"


def _steps(jobs: Mapping[str, Any], action: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, job in jobs.items():
        yield from ((name, step) for step in job["steps"] if action in step.get("uses", ""))


def _list_ancestors(name: str, jobs: Mapping[str, Any]) -> set[str]:
    direct = jobs[name].get("needs", [])
    return {*direct, *(older for other in direct for older in _list_ancestors(other, jobs))}


def _expand(name: str, job: Mapping[str, Any], outputs: Mapping[str, str]) -> list[str]:
    name = name.replace("${{ github.run_attempt }}", "1")
    if "matrix.job" not in name:
        return [name]
    output = _OUTPUT.search(job["strategy"]["matrix"]["include"])
    assert output
    return [name.replace("${{ matrix.job }}", row["job"]) for row in parse(outputs[output[2]])]


def runs(
    job: Mapping[str, Any],
    *,
    results: Mapping[str, str],
    github: Mapping[str, str],
    outputs: Mapping[str, str] | None = None,
    inputs: Mapping[str, str] | None = None,
) -> bool:
    """
    Whether a job's ``if`` lets it run, after ``results`` and ``outputs`` of what it needs.

    Both are by what follows ``needs.``: a job, or `plan.empty`; ``github`` is by `event.number`.

    Only for jobs that ask ``cancelled()``: GitHub adds ``success()`` to the conditions of others.
    """
    text = job["if"].removeprefix("${{").removesuffix("}}")
    assert "!cancelled()" in text
    return bool(
        evaluate(text, results=results, github=github, outputs=outputs or {}, inputs=inputs or {})
    )


def evaluate(
    text: str,
    *,
    results: Mapping[str, str],
    github: Mapping[str, str],
    outputs: Mapping[str, str],
    inputs: Mapping[str, str],
) -> object:
    """The value of an expression without its braces; what is not given is empty."""
    replaced = [
        (r"contains\(needs\.\*\.result, ('\w+')\)", lambda m: str(m[1][1:-1] in results.values())),
        (r"needs\.([\w-]+)\.result", lambda m: repr(results[m[1]])),
        (_OUTPUT.pattern, lambda m: repr(outputs.get(f"{m[1]}.{m[2]}", ""))),
        (r"inputs\.([\w-]+)", lambda m: repr(inputs.get(m[1], ""))),
        (r"github\.([\w.]+)", lambda m: repr(github.get(m[1], ""))),
        (r"cancelled\(\)", lambda _: str("cancelled" in results.values())),
        (r"&&", lambda _: "and"),
        (r"\|\|", lambda _: "or"),
        (r"!(?!=)", lambda _: "not "),
    ]
    for pattern, by in replaced:
        text = re.sub(pattern, by, text)
    # What is left are constants, operators and this function.
    return eval(text.strip(), {"startsWith": str.startswith})  # noqa: S307
