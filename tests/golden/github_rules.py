"""
Rules of GitHub that no runner on this machine plays: rights, empty matrices, which events start.

``semantics`` asks whether the parts of a workflow refer to each other; this module, whether GitHub
would do with them what we mean. ``docs/decisions/0045-act-runs-the-workflow.md`` has the list.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .semantics import parse

_MATRIX: Final = re.compile(r"\$\{\{ fromJSON\((needs\.[\w-]+\.outputs\.[\w-]+)\) \}\}")
_MAY_FAIL: Final = frozenset({"comment", "comment-result", "refresh"})
"""Jobs that say what the run's summary says too."""


def rule_problems(text: str) -> list[str]:
    """What GitHub would do otherwise than meant."""
    problems: list[str] = []
    for name, job in parse(text)["jobs"].items():
        problems += _rights(name, job)
        problems += _matrices(name, job)
        if "continue-on-error" in job and name not in _MAY_FAIL:
            problems.append(f"{name} may fail")
    return problems


def _rights(name: str, job: Mapping[str, Any]) -> Iterator[str]:
    uses = " ".join(step.get("uses", "") for step in job["steps"])
    if "actions/checkout@" in uses and job["permissions"].get("contents", "none") == "none":
        yield f"{name} checks out without the right to read the repository"


def _matrices(name: str, job: Mapping[str, Any]) -> Iterator[str]:
    """GitHub fails a job whose matrix is empty; its ``if`` is looked at before."""
    for values in job.get("strategy", {}).get("matrix", {}).values():
        match = _MATRIX.fullmatch(str(values))
        if match is None:
            yield f"{name} has a matrix that the plan does not name"
        elif f"{match[1]} != '[]'" not in job.get("if", ""):
            yield f"{name} starts with an empty matrix"


def is_started(text: str, event: str, ref: str) -> bool:
    """Whether an event starts a run: by its name, and for a push by its branch or tag."""
    events = parse(text)["on"]
    if event not in events:
        return False
    filters = events[event] or {}
    if event != "push" or not filters:
        return True
    _, kind, name = ref.split("/", 2)
    patterns = filters.get("tags" if kind == "tags" else "branches", [])
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
