"""The table of a session: what each scenario started, built, and left red, at each provider."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from .acting import Run

PROPERTY: Final = "scenario"
HEADER: Final = ("scenario", "provider", "jobs", "builds", "red", "min")

Record = Callable[[str, Run], None]
Row = tuple[str, str, str, str, str, str]


def row_of(scenario: str, run: Run) -> Row:
    """A run of GitHub's as a row."""
    minutes = f"{run.own_seconds / 60:.1f}"
    red = ", ".join(run.red)
    return scenario, "github", str(len(run.all_jobs)), str(run.built), red, minutes


def render_table(rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown, aligned; a row that several phases of a test report stands once."""
    lines = [list(HEADER), *sorted({tuple(row) for row in rows})]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    cells = [
        [cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines
    ]
    rule = ["-" * width for width in widths]
    return "\n".join(f"| {' | '.join(line)} |" for line in [cells[0], rule, *cells[1:]])
