"""Lists of the projects that may be in a closure."""

import functools
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from matrix.manifest.policy import ProjectLists


def refusal(project: str, lists: ProjectLists) -> str:
    """Why ``project`` may not be taken; empty when it may."""
    for denied in lists.deny:
        if matches(project, (denied.project,)):
            why = f": {denied.reason}" if denied.reason else ""
            return f"{project!r} is denied{why} (policy.projects.deny)"
    if lists.allow and not matches(project, lists.allow):
        return f"{project!r} is not allowed (policy.projects.allow)"
    return ""


def refusals(projects: Iterable[str], lists: ProjectLists) -> Iterator[str]:
    """Why some of ``projects`` may not be taken, each once, sorted by name."""
    if lists.allow or lists.deny:
        reasons = (refusal(project, lists) for project in sorted(set(projects)))
        yield from (reason for reason in reasons if reason)


@functools.lru_cache(maxsize=8192)
def matches(project: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of ``patterns`` (``*``, ``?``) is the project's name."""
    return any(fnmatchcase(project, pattern) for pattern in patterns)
