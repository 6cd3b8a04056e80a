"""
When the jobs of GitHub's workflow run, and when the required one is red.

An expression is written once, here, because a condition that means the same in two places must
read the same; a template only prints it.
"""

from collections.abc import Iterable
from typing import Final

from matrix.pipelines.scalar import Passed, word

IS_FORK: Final = Passed(
    "(github.event_name == 'pull_request'"
    " && github.event.pull_request.head.repo.full_name != github.repository)"
)
IS_OWN_REQUEST: Final = Passed(
    "github.event_name == 'pull_request'"
    " && github.event.pull_request.head.repo.full_name == github.repository"
)


def is_release(tags: str) -> Passed:
    """
    Whether the run is at a tag of a release, whose names start with ``tags``.

    The event does not matter: a push of more than three tags, or by a workflow's own token, starts
    nothing, and is made up for by hand.

    >>> print(is_release("bundle-"))
    startsWith(github.ref, 'refs/tags/bundle-')
    """
    return Passed(f"startsWith(github.ref, 'refs/tags/{word(tags)}')")


def name_failures(
    builds: Iterable[str], *, released: Iterable[str], tags: str, spares_forks: bool
) -> tuple[Passed, ...]:
    """
    For each job that the required one waits for: an expression that is its name if it went wrong.

    A job may be skipped for a reason that the outputs of ``plan`` name, and for no other.
    ``released`` are the jobs of releases; ``spares_forks`` says that nothing of a fork runs on the
    coordinator.
    """
    return tuple(
        Passed(f"${{{{ {condition} && '{word(job)} ' || '' }}}}")
        for job, condition in _judge_jobs(
            builds, released=released, tags=tags, spares_forks=spares_forks
        )
    )


def _judge_jobs(
    builds: Iterable[str], *, released: Iterable[str], tags: str, spares_forks: bool
) -> Iterable[tuple[str, str]]:
    for job in ("check", "plan"):
        result = f"needs.{job}.result"
        spared = f" && !({result} == 'skipped' && {IS_FORK})" if spares_forks else ""
        yield job, f"{result} != 'success'{spared}"
    is_planned = "needs.plan.result == 'success'"
    yield "stale-lock", "needs.plan.outputs.stale == 'true'"
    for build in builds:
        result, output = f"needs.build-{build}.result", f"needs.plan.outputs.{build}"
        skipped = f"({result} == 'skipped' && {output} == '[]')"
        missing = f"({result} == 'failure' && inputs.allow-missing != '')"
        yield (
            f"build-{build}",
            f"{is_planned} && {result} != 'success' && !{skipped} && !{missing}",
        )
    skipped = "(needs.bundle.result == 'skipped' && needs.plan.outputs.bundle != 'true')"
    yield "bundle", f"{is_planned} && needs.bundle.result != 'success' && !{skipped}"
    for job in released:
        yield job, f"{is_release(tags)} && needs.{job}.result != 'success'"
