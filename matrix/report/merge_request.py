"""
The merge request's report as Markdown: ``report.md`` with every line, and ``summary.md`` that fits
where services take comments.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final

from matrix.report.facts import Facts, minutes
from matrix.report.markdown import clipped, escape, heading, row
from matrix.report.tables import megabytes

# GitHub refuses comments over 65,536 characters. Counted in bytes, which are never fewer.
LIMIT: Final = 65_000
FULL: Final = "report.md"
_LONGEST: Final = 200
_SHORTEST: Final = 40
_LEAST: Final = 8  # characters of a row that says anything
_NEVER: Final = 1 << 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, what stands before the table, and the table: cells as plain text."""

    title: str
    said: str = ""
    columns: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def full(facts: Facts) -> str:
    """Every line, at any size."""
    parts = [_opening(facts, _NEVER)]
    parts += [_section(section, _NEVER, longest=_NEVER) for section in sections(facts)]
    return "\n".join(parts)


def summary(facts: Facts) -> str:
    """
    The same within ``LIMIT``: long cells are clipped, and each table ends after as many rows as fit
    in all of them, saying how many more there are.
    """
    listed = sections(facts)
    longest = _LONGEST if _most_rows(facts, listed, _LONGEST) else _SHORTEST
    return _folded(facts, listed, most=_most_rows(facts, listed, longest), longest=longest)


def _most_rows(facts: Facts, listed: Sequence[Section], longest: int) -> int:
    """The greatest number of rows a table with which the whole fits."""
    low, high = 0, min(max(len(section.rows) for section in listed), LIMIT // _LEAST) + 1
    while high - low > 1:
        middle = (low + high) // 2
        text = _folded(facts, listed, most=middle, longest=longest)
        low, high = (middle, high) if len(text.encode()) < LIMIT else (low, middle)
    return low


def _folded(facts: Facts, listed: Sequence[Section], *, most: int, longest: int) -> str:
    parts = [_opening(facts, longest)]
    parts += [_section(section, most, longest=longest) for section in listed]
    return "\n".join(parts)


def _section(section: Section, most: int, *, longest: int) -> str:
    lines = [f"## {section.title}", ""]
    lines += [section.said, ""] if section.said else []
    if section.rows:
        shown = section.rows[:most]
        if shown:
            lines += heading(section.columns, numbers=section.numbers)
            lines += [row(escape(clipped(cell, longest)) for cell in cells) for cells in shown]
            lines.append("")
        if folded := len(section.rows) - len(shown):
            lines += [f"{folded} more {_lines(folded)} in `{FULL}`.", ""]
    return "\n".join(lines)


def _lines(count: int) -> str:
    return "line" if count == 1 else "lines"


def _opening(facts: Facts, longest: int) -> str:
    cells = {
        "found": sum(t.found for t in facts.targets),
        "reused": sum(t.reused for t in facts.targets),
        "to build": sum(t.build for t in facts.targets),
        "impossible": sum(t.impossible for t in facts.targets),
        "excluded": sum(t.excluded for t in facts.targets),
    }
    time = sum(one.minutes for one in facts.runners)
    told = ", ".join(f"{count} {what}" for what, count in cells.items() if count)
    new = f", {megabytes(facts.added)} of it new" if _is_compared(facts) else ""
    return (
        f"# {escape(clipped(facts.bundle, longest))}: what this change brings\n\n"
        f"{facts.requirements} requirements on {len(facts.targets)} targets: {told or 'nothing'}. "
        f"{megabytes(facts.download)} to download{new}. "
        f"About {time} runner minutes.\n"
    )


def _is_compared(facts: Facts) -> bool:
    return bool(facts.base) and not facts.not_compared


def sections(facts: Facts) -> tuple[Section, ...]:
    """The report's tables; those that would be empty say why, or are left out."""
    listed = [_changes(facts), _targets(facts), _builds(facts)]
    for title, without in (("Impossible", facts.impossible), ("Excluded", facts.excluded)):
        rows = tuple((one.project, ", ".join(one.targets), one.reason) for one in without)
        columns = ("project", "targets", "reason")
        listed += [Section(title=title, columns=columns, rows=rows)] if rows else []
    return (*listed, _licences(facts), _vulnerable(facts), *_runners(facts))


def _changes(facts: Facts) -> Section:
    every = len(facts.targets)
    rows = tuple(
        (
            change.project,
            ", ".join(change.before),
            ", ".join(change.after),
            "all" if len(change.targets) == every else ", ".join(change.targets),
        )
        for change in facts.changes
    )
    columns = ("project", "before", "after", "targets")
    base = f"`{_code(facts.base)}`"
    if facts.not_compared:
        said = f"Not compared with {base}: {escape(clipped(facts.not_compared, _LONGEST))}."
    elif not facts.base:
        said = "Compared with nothing: everything counts as added."
    else:
        said = f"Compared with {base}." if rows else f"None, compared with {base}."
    return Section(title="Changes", said=said, columns=columns, rows=rows)


def _code(name: str) -> str:
    # A file's name in a code span, where only backticks and line ends have a meaning.
    return clipped(" ".join(name.replace("`", "'").split()), _LONGEST)


def _targets(facts: Facts) -> Section:
    numbers = ("found", "reused", "to build", "impossible", "excluded", "download")
    rows = tuple(
        (
            t.target,
            *map(str, (t.found, t.reused, t.build, t.impossible, t.excluded)),
            megabytes(t.size),
        )
        for t in facts.targets
    )
    return Section(title="Targets", columns=("target", *numbers), numbers=numbers, rows=rows)


def _builds(facts: Facts) -> Section:
    rows = tuple(
        (
            f"{build.project} {build.version}",
            ", ".join(build.targets),
            build.runner,
            megabytes(build.size),
            str(minutes(build.seconds)),
        )
        for build in facts.builds
    )
    said = "" if rows else "Nothing: every wheel exists."
    columns = ("release", "targets", "runner", "source", "minutes")
    return Section(
        title="To build", said=said, columns=columns, numbers=("source", "minutes"), rows=rows
    )


def _licences(facts: Facts) -> Section:
    rows = tuple(
        (
            f"{one.project} {one.version}",
            f"{one.licence}; {one.doubt}" if one.doubt else one.licence,
        )
        for one in facts.licences
    )
    said = "As the distributions state them." if rows else "Nothing is added."
    return Section(
        title="Licences of what is added", said=said, columns=("release", "licence"), rows=rows
    )


def _vulnerable(facts: Facts) -> Section:
    title = "Known vulnerabilities"
    if not facts.snapshot:
        return Section(
            title=title,
            said="Not checked: no snapshot was given (`--osv FILE`, `policy.advisories`).",
        )
    ordered = sorted(facts.vulnerable, key=lambda known: (not known.is_added, known.finding))
    rows = tuple(
        (
            f"{known.finding.project} {known.finding.version}",
            "added" if known.is_added else "there before",
            ", ".join(known.finding.ids),
            ", ".join(known.finding.fixed),
            known.finding.summary,
        )
        for known in ordered
    )
    where = f"`{_code(facts.snapshot)}`"
    said = f"By {where}." if rows else f"None by {where}."
    columns = ("release", "since", "names", "fixed in", "summary")
    return Section(title=title, said=said, columns=columns, rows=rows)


def _runners(facts: Facts) -> tuple[Section, ...]:
    rows = tuple((one.runner, str(one.builds), str(one.minutes)) for one in facts.runners)
    if not rows:
        return ()
    numbers = ("builds", "minutes")
    said = "Guessed from the size of the sources."
    columns = ("runner", *numbers)
    return (
        Section(title="Runner minutes", said=said, columns=columns, numbers=numbers, rows=rows),
    )
