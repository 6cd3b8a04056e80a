"""What differs between two bundles: for people, for Markdown, and as JSON."""

import dataclasses
import json
from collections.abc import Iterator

from matrix.edge.quantities import count, megabytes
from matrix.record.schema import Record
from matrix.report import comparing
from matrix.report.comparing import Change, find_direction
from matrix.report.markdown import escape


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BundleDifference:
    """Two bundles, by name, and what differs; wheels are filenames."""

    before: str
    after: str
    changes: tuple[Change, ...]
    """Sorted: what went down first."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    rebuilt: tuple[str, ...]
    """The same filename with other bytes."""
    bytes_before: int
    bytes_after: int
    bytes_added: int
    """What a person would have to carry who has the first one."""
    targets_added: tuple[str, ...]
    targets_removed: tuple[str, ...]
    missing_added: tuple[str, ...]
    missing_removed: tuple[str, ...]


def compare_bundles(before: Record, after: Record) -> BundleDifference:
    """Compare two records."""
    earlier, later = ({w.filename: w for w in record.wheels} for record in (before, after))
    changes = comparing.find_changes(*map(comparing.summarize_record, (before, after)))
    known = {wheel.sha256 for wheel in before.wheels}
    targets = [{target.id for target in record.targets} for record in (before, after)]
    missing = [
        {f"{m.project} {m.version} on {m.target}" for m in r.missing} for r in (before, after)
    ]
    both = earlier.keys() & later.keys()
    return BundleDifference(
        before=before.label,
        after=after.label,
        changes=tuple(sorted(changes, key=lambda c: (find_direction(c) != "down", c))),
        added=tuple(sorted(later.keys() - earlier.keys())),
        removed=tuple(sorted(earlier.keys() - later.keys())),
        rebuilt=tuple(sorted(n for n in both if earlier[n].sha256 != later[n].sha256)),
        bytes_before=sum(wheel.size for wheel in before.wheels),
        bytes_after=sum(wheel.size for wheel in after.wheels),
        bytes_added=sum(wheel.size for wheel in after.wheels if wheel.sha256 not in known),
        targets_added=tuple(sorted(targets[1] - targets[0])),
        targets_removed=tuple(sorted(targets[0] - targets[1])),
        missing_added=tuple(sorted(missing[1] - missing[0])),
        missing_removed=tuple(sorted(missing[0] - missing[1])),
    )


def render_text(difference: BundleDifference) -> str:
    """Return lines for people."""
    lines = [f"{difference.before} -> {difference.after}", f"  {_summarize(difference)}"]
    lines += [f"  {line}" for line in _list_lines(difference)]
    return "\n".join(lines)


def render_markdown(difference: BundleDifference) -> str:
    """Return the same as a list in Markdown."""
    title = escape(f"{difference.before} to {difference.after}")
    lines = [f"## {title}\n", f"{escape(_summarize(difference))}\n"]
    lines += [f"* {escape(line)}" for line in _list_lines(difference)]
    return "\n".join(lines) + "\n"


def render_json(difference: BundleDifference) -> str:
    """Return the same as JSON; each change has its direction."""
    facts = dataclasses.asdict(difference)
    for fact, change in zip(facts["changes"], difference.changes, strict=True):
        fact["direction"] = find_direction(change)
    return json.dumps(facts, indent=1, sort_keys=True) + "\n"


def _summarize(difference: BundleDifference) -> str:
    wheels = f"{len(difference.added)} added, {len(difference.removed)} removed"
    sizes = f"{megabytes(difference.bytes_before)} -> {megabytes(difference.bytes_after)}"
    new = megabytes(difference.bytes_added)
    changes = count(len(difference.changes), "change")
    return f"{changes}; wheels: {wheels}, {len(difference.rebuilt)} rebuilt; {sizes}, {new} new"


def _list_lines(difference: BundleDifference) -> Iterator[str]:
    yield from (f"new target: {target}" for target in difference.targets_added)
    yield from (f"target gone: {target}" for target in difference.targets_removed)
    for change in difference.changes:
        sides = [", ".join(versions) or "none" for versions in (change.before, change.after)]
        targets = ", ".join(change.targets)
        yield f"{find_direction(change)}: {change.project} {sides[0]} -> {sides[1]} on {targets}"
    yield from (f"rebuilt, with other bytes: {name}" for name in difference.rebuilt)
    yield from (f"missing now: {text}" for text in difference.missing_added)
    yield from (f"no longer missing: {text}" for text in difference.missing_removed)
