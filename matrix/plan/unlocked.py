"""Unlocked builds: the index of the day decides a part of them, so a policy may refuse them."""

from collections.abc import Iterator

from packaging.utils import canonicalize_name

from matrix.errors import Impossible, Problem
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest
from matrix.plan.model import Plan


def find_unlocked(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Project, label and reason of every build whose build requirements are not all locked."""
    rows = {
        (build.project, build.label, build.unlocked)
        for job in plan.jobs
        for build in job.builds
        if build.unlocked
    }
    yield from sorted(rows)


def list_problems(manifest: Manifest, plan: Plan) -> list[Problem]:
    """A problem for each unlocked build that its recipe does not allow."""
    return [
        Problem(
            place=manifest.source,
            what=f"{label} is unlocked: {reason}",
            hint=f"recipes: {{{project}: {{unlocked: allow}}}}",
        )
        for project, label, reason in find_unlocked(plan)
        if find_recipe(manifest, canonicalize_name(project)).unlocked != "allow"
    ]


def refuse_unlocked(manifest: Manifest, plan: Plan) -> None:
    """Raise ``Impossible`` for unlocked builds where ``policy.unlocked`` refuses them."""
    if manifest.policy.unlocked == "refuse" and (problems := list_problems(manifest, plan)):
        raise Impossible.of(problems)
