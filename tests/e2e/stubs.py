"""
A generated workflow whose jobs do nothing but end as a test says.

What is left is GitHub's part: conditions, needs, outputs, and the steps of the jobs under test. So
act judges in a second what real builds would take minutes for.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import yaml

from ..golden.semantics import parse

_KEPT: Final = ("needs", "if", "env", "outputs")
_STEP: Final = {"success": "true", "failure": "exit 1"}


def stub_workflow(
    text: str,
    results: Mapping[str, str],
    outputs: Mapping[str, Mapping[str, str]],
    *,
    whole: Collection[str] = (),
) -> str:
    """
    Return ``text`` with the jobs of ``results`` ending so, whatever their condition.

    Other jobs keep their condition and succeed; those in ``whole`` keep their steps, too.
    """
    workflow = parse(text)
    workflow["jobs"] = {
        name: _stub_job(
            job,
            result=results.get(name, ""),
            outputs=outputs.get(name, {}),
            is_whole=name in whole,
        )
        for name, job in workflow["jobs"].items()
    }
    return yaml.safe_dump(workflow, sort_keys=False, width=10_000)


def _stub_job(
    job: Mapping[str, Any], *, result: str, outputs: Mapping[str, str], is_whole: bool
) -> dict[str, Any]:
    kept = {key: job[key] for key in _KEPT if key in job}
    stubbed: dict[str, Any] = {**kept, "runs-on": "ubuntu-24.04"}
    if is_whole:
        return {**stubbed, "steps": job["steps"]}
    stubbed["steps"] = [{"run": _STEP.get(result, "true")}]
    # act gives what a skipped job would have put out: GitHub gives nothing.
    stubbed["outputs"] = dict(outputs) if result != "skipped" else {}
    if result:
        stubbed["if"] = "false" if result == "skipped" else "always()"
    return stubbed
