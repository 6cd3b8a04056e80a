"""
The merge request's report as Markdown: ``report.md`` with every line, and ``summary.md`` that fits
where services take comments.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final

from matrix.edge.quantities import count, megabytes
from matrix.report.comparing import find_direction
from matrix.report.facts import Facts, Without, minutes
from matrix.report.markdown import clip, escape, heading, row
from matrix.report.outcomes import list_failed
from matrix.report.verdict import list_verdict

# GitHub refuses comments over 65,536 characters. Counted in bytes, which are never fewer.
LIMIT: Final = 65_000
FULL: Final = "report.md"
_LONGEST: Final = 200
_SHORTEST: Final = 40
_LEAST: Final = 8  # characters of a row that says anything
_NEVER: Final = 1 << 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, an introduction and a table, whose cells are plain text."""

    title: str
    intro: str = ""
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
    tables = sections(facts)
    longest = _LONGEST if _most_rows(facts, tables, _LONGEST) else _SHORTEST
    return _fold(facts, tables, most=_most_rows(facts, tables, longest), longest=longest)


def _most_rows(facts: Facts, tables: Sequence[Section], longest: int) -> int:
    """The greatest number of rows a table with which the whole fits."""
    low, high = 0, min(max(len(section.rows) for section in tables), LIMIT // _LEAST) + 1
    while high - low > 1:
        middle = (low + high) // 2
        text = _fold(facts, tables, most=middle, longest=longest)
        low, high = (middle, high) if len(text.encode()) < LIMIT else (low, middle)
    return low


def _fold(facts: Facts, tables: Sequence[Section], *, most: int, longest: int) -> str:
    parts = [_opening(facts, longest)]
    parts += [_section(section, most, longest=longest) for section in tables]
    return "\n".join(parts)


def _section(section: Section, most: int, *, longest: int) -> str:
    lines = [f"## {section.title}", ""]
    lines += [section.intro, ""] if section.intro else []
    if section.rows:
        shown = section.rows[:most]
        if shown:
            lines += heading(section.columns, numbers=section.numbers)
            lines += [row(escape(clip(cell, longest)) for cell in cells) for cells in shown]
            lines.append("")
        if folded := len(section.rows) - len(shown):
            lines += [f"{count(folded, 'more line')} in `{FULL}`.", ""]
    return "\n".join(lines)


def _opening(facts: Facts, longest: int) -> str:
    cells = {
        "published": sum(t.published for t in facts.targets),
        "reused": sum(t.reused for t in facts.targets),
        "to build": sum(t.build for t in facts.targets),
        "impossible": sum(t.impossible for t in facts.targets),
        "excluded": sum(t.excluded for t in facts.targets),
    }
    time = sum(runner.minutes for runner in facts.runners)
    sums = ", ".join(f"{count} {what}" for what, count in cells.items() if count)
    saved = f"; {facts.saved}" if facts.saved else ""
    new = f", {megabytes(facts.added)} of it new" if _is_compared(facts) else ""
    verdict = "\n".join(list_verdict(facts))
    return (
        f"{render_marker(facts.bundle)}\n"
        f"{verdict}\n\n"
        f"# {escape(clip(facts.bundle, longest))}: what this change brings\n\n"
        f"{count(facts.requirements, 'requirement')} on {count(len(facts.targets), 'target')}: "
        f"{sums or 'nothing'}. "
        f"{megabytes(facts.download)} to download{new}. "
        f"About {count(time, 'runner minute')}{saved}.\n"
    )


def render_marker(bundle: str) -> str:
    """The invisible line by which a comment is found again: that of another bundle differs."""
    return f"<!-- wheelyard:report {bundle} -->"


def _is_compared(facts: Facts) -> bool:
    return bool(facts.base) and not facts.not_compared


def sections(facts: Facts) -> tuple[Section, ...]:
    """The report's tables; those that would be empty say why, or are left out."""
    tables = [*_impossible(facts), *_list_unbuilt(facts), *_requirements(facts)]
    tables += [_changes(facts), _targets(facts), _builds(facts)]
    if facts.unlocked:
        tables.append(
            Section(title="Unlocked builds", columns=("release", "reason"), rows=facts.unlocked)
        )
    tables += _list_without("Excluded", facts.excluded)
    return (*tables, _licences(facts), _vulnerable(facts), *_runners(facts))


def _impossible(facts: Facts) -> list[Section]:
    return _list_without("Impossible", facts.impossible)


def _list_without(title: str, without: Sequence[Without]) -> list[Section]:
    rows = tuple((gap.project, ", ".join(gap.targets), gap.reason) for gap in without)
    return [Section(title=title, columns=("project", "targets", "reason"), rows=rows)] * bool(rows)


def _list_unbuilt(facts: Facts) -> list[Section]:
    rows = tuple(
        (f"{one.project} {one.version}", one.job, one.what, one.hint, one.log)
        for one in list_failed(facts.outcomes)
    )
    columns = ("release", "job", "why", "hint", "log")
    return [Section(title="Without a wheel", columns=columns, rows=rows)] * bool(rows)


def _requirements(facts: Facts) -> list[Section]:
    rows = tuple(
        (change.root, " or ".join(change.before), " or ".join(change.after))
        for change in facts.requirement_changes
    )
    columns = ("name", "before", "after")
    return [Section(title="Requirements", columns=columns, rows=rows)] * bool(rows)


def _changes(facts: Facts) -> Section:
    every = len(facts.targets)
    roots = dict(facts.roots)
    rows = tuple(
        (
            change.project,
            ", ".join(change.before),
            ", ".join(change.after) + (" (downgrade)" if find_direction(change) == "down" else ""),
            "all" if len(change.targets) == every else ", ".join(change.targets),
            ", ".join(roots.get(change.project, ())),
        )
        for change in facts.changes
    )
    columns = ("project", "before", "after", "targets", "required by")
    base = f"`{_code(facts.base)}`"
    if facts.not_compared:
        intro = f"Not compared with {base}: {escape(clip(facts.not_compared, _LONGEST))}."
    elif not facts.base:
        intro = "Compared with nothing: everything counts as added."
    else:
        intro = f"Compared with {base}." if rows else f"None, compared with {base}."
    return Section(title="Changes", intro=intro, columns=columns, rows=rows)


def _code(name: str) -> str:
    # A file's name in a code span, where only backticks and line ends have a meaning.
    return clip(" ".join(name.replace("`", "'").split()), _LONGEST)


def _targets(facts: Facts) -> Section:
    numbers = ("published", "reused", "to build", "impossible", "excluded", "download")
    rows = tuple(
        (
            t.target,
            *map(str, (t.published, t.reused, t.build, t.impossible, t.excluded)),
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
    intro = "" if rows else "Nothing: every wheel exists."
    columns = ("release", "targets", "runner", "source", "minutes")
    return Section(
        title="To build", intro=intro, columns=columns, numbers=("source", "minutes"), rows=rows
    )


def _licences(facts: Facts) -> Section:
    rows = tuple(
        (
            f"{licensed.project} {licensed.version}",
            f"{licensed.licence}; {licensed.doubt}" if licensed.doubt else licensed.licence,
        )
        for licensed in facts.licences
    )
    intro = "As the distributions state them." if rows else "Nothing is added."
    return Section(
        title="Licences of what is added", intro=intro, columns=("release", "licence"), rows=rows
    )


def _vulnerable(facts: Facts) -> Section:
    title = "Known vulnerabilities"
    if not facts.snapshot:
        return Section(
            title=title,
            intro="Not checked: no snapshot was given (`--osv FILE`, `policy.advisories`).",
        )
    ordered = sorted(facts.vulnerable, key=lambda known: (not known.is_added, known.finding))
    rows = tuple(
        (
            f"{known.finding.project} {known.finding.version}",
            "added" if known.is_added else "present before",
            ", ".join(known.finding.ids),
            ", ".join(known.finding.fixed),
            known.finding.summary,
        )
        for known in ordered
    )
    where = f"`{_code(facts.snapshot)}`"
    intro = f"By {where}." if rows else f"None by {where}."
    columns = ("release", "since", "names", "fixed in", "summary")
    return Section(title=title, intro=intro, columns=columns, rows=rows)


def _runners(facts: Facts) -> tuple[Section, ...]:
    rows = tuple((time.runner, str(time.builds), str(time.minutes)) for time in facts.runners)
    if not rows:
        return ()
    numbers = ("builds", "minutes")
    intro = "Estimated from the size of the sources."
    columns = ("runner", *numbers)
    return (
        Section(title="Runner minutes", intro=intro, columns=columns, numbers=numbers, rows=rows),
    )
