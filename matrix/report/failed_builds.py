"""Builds that failed, for the summary of a pipeline's job."""

from collections.abc import Iterable, Iterator

from matrix.errors import Problem
from matrix.report.markdown import escape


def markdown(problems: Iterable[Problem]) -> str:
    """One section for each build: the cause, the lines of the log that show it, and the hint."""
    return "".join(f"{line}\n" for problem in problems for line in _section(problem))


def _section(problem: Problem) -> Iterator[str]:
    yield f"### {escape(problem.position or problem.what)}"
    if problem.place:
        yield ""
        yield escape(problem.what)
    if problem.lines:
        # A line that is indented by four columns is literal text in Markdown.
        yield ""
        yield from (f"    {line.strip()}" for line in problem.lines)
    if problem.hint:
        yield ""
        yield f"Try: {escape(problem.hint)}"
    yield ""
