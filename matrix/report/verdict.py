"""The first lines of a report: whether the change can be merged as it is, and if not, why."""

from collections.abc import Iterator
from typing import Final

from matrix.edge.quantities import count
from matrix.report.facts import Facts
from matrix.report.markdown import clip, escape
from matrix.report.outcomes import Outcome, list_failed

_NAMED: Final = 5
_LONGEST: Final = 200


def list_verdict(facts: Facts) -> Iterator[str]:
    """Yield Markdown, a paragraph each with a blank line between: the worst first."""
    paragraphs = [*_judge_plan(facts), *_judge_lock(facts), *_judge_builds(facts.outcomes)]
    if not paragraphs:
        is_built = bool(facts.outcomes)
        paragraphs = ["Every build succeeded." if is_built else "Everything can be planned."]
    for number, paragraph in enumerate(paragraphs):
        if number:
            yield ""
        yield paragraph


def _judge_plan(facts: Facts) -> Iterator[str]:
    lines = [
        f"{_quote(gap.requirement or gap.project)} on {_where(gap.targets, facts)}: "
        f"{_quote(gap.reason)}"
        for gap in facts.impossible
    ]
    if lines:
        yield f"**This cannot be planned:** {_join(lines)}."


def _judge_lock(facts: Facts) -> Iterator[str]:
    lock = facts.lock
    if not lock.differences:
        return
    name = f"`{lock.filename}`"
    if not lock.is_refused:
        yield f"{name} is stale, and was renewed for this run (`policy.lock: refresh`)."
        return
    patch = f"`git apply {lock.patch}` with the file of the artifact `plan`, or " * bool(lock.patch)
    differences = _join([_quote(line) for line in lock.differences])
    yield (
        f"**{name} is stale:** {differences}. "
        f"Run {patch}`wheelyard lock`, and commit it: until then the pipeline stays red."
    )


def _judge_builds(outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    failed = list_failed(outcomes)
    if failed:
        total = count(len(outcomes), "build")
        lines = [f"{_quote(f'{o.project} {o.version}')}: {_quote(o.what)}" for o in failed]
        yield f"**{len(failed)} of {total} made no wheel:** {_join(lines)}."


def _where(targets: tuple[str, ...], facts: Facts) -> str:
    if len(targets) == len(facts.targets):
        return "every target"
    return ", ".join(targets) if len(targets) <= _NAMED else count(len(targets), "target")


def _quote(text: str) -> str:
    return escape(clip(text, _LONGEST))


def _join(lines: list[str]) -> str:
    more = len(lines) - _NAMED
    return "; ".join(lines[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
