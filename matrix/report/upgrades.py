"""What an upgrade of the lock would bring, for the pipeline that looks for it every week."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Final

from matrix.edge.quantities import count
from matrix.policy.advisories import Snapshot, Vulnerability, find_vulnerabilities
from matrix.report import locks
from matrix.report.comparing import find_direction
from matrix.report.locks import Difference
from matrix.report.markdown import clip, escape, heading, row
from matrix.resolve.lock import Lock

SCHEMA: Final = 1
_ROWS: Final = 200
_LONGEST: Final = 200


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """The difference that an upgrade would make, and the known vulnerabilities on both sides."""

    bundle: str
    difference: Difference
    snapshot: str
    """The name of the OSV snapshot; empty when vulnerabilities were not checked."""
    vulnerable: tuple[Vulnerability, ...]
    """Of the releases that are locked today."""
    remaining: tuple[Vulnerability, ...]
    """Of the releases that would be locked."""
    is_change: bool
    """Whether the lock would be another one; a file of a release that is locked counts."""


def describe_upgrade(bundle: str, old: Lock | None, new: Lock, osv: Snapshot | None) -> Upgrade:
    """Compare the locks, and look for known vulnerabilities in both."""
    return Upgrade(
        bundle=bundle,
        difference=locks.compare_locks(old, new),
        snapshot=osv.name if osv else "",
        vulnerable=_find(old, osv),
        remaining=_find(new, osv),
        is_change=old != new,
    )


def _find(lock: Lock | None, osv: Snapshot | None) -> tuple[Vulnerability, ...]:
    if lock is None or osv is None:
        return ()
    releases = frozenset((str(file.project), str(file.version)) for file in lock.files)
    return tuple(sorted(find_vulnerabilities(osv, releases)))


def dump(upgrade: Upgrade) -> str:
    """``upgrade.json``."""
    facts = {"schema": SCHEMA, **dataclasses.asdict(upgrade)}
    return json.dumps(facts, indent=1) + "\n"


def render_markdown(upgrade: Upgrade) -> str:
    """``upgrade.md``: the verdict, vulnerabilities, and what would change."""
    lines = [
        f"<!-- wheelyard:upgrade {upgrade.bundle} -->",
        _describe_verdict(upgrade),
        "",
        f"# {escape(upgrade.bundle)}: what an upgrade would bring",
        "",
        *_list_vulnerabilities(upgrade),
        *_list_changes(upgrade.difference),
        *_list_impossible(upgrade.difference),
    ]
    return "".join(f"{line}\n" for line in lines)


def _describe_verdict(upgrade: Upgrade) -> str:
    projects = {change.project for change in upgrade.difference.changes}
    parts = []
    if upgrade.vulnerable:
        mended = len(set(upgrade.vulnerable) - set(upgrade.remaining))
        known = count(len(upgrade.vulnerable), "vulnerable release")
        parts.append(f"{known} in the lock, {mended} of them mended by an upgrade")
    if upgrade.difference.impossible:
        gaps = count(len(upgrade.difference.impossible), "requirement")
        parts.append(f"{gaps} would become impossible")
    if projects:
        parts.append(f"{count(len(projects), 'project')} would change")
    if not parts:
        return "Nothing would change." if not upgrade.is_change else "**The lock would change.**"
    return f"**{'; '.join(parts)}.**"


def _list_vulnerabilities(upgrade: Upgrade) -> Iterator[str]:
    yield from ("## Known vulnerabilities", "")
    if not upgrade.snapshot:
        yield from ("Not checked: `policy.advisories` names no snapshot.", "")
        return
    rows = [
        (
            f"{one.project} {one.version}",
            "locked" if one in upgrade.remaining else "mended by the upgrade",
            ", ".join(one.ids),
            ", ".join(one.fixed),
            one.summary,
        )
        for one in upgrade.vulnerable
    ]
    rows += [
        (
            f"{one.project} {one.version}",
            "new",
            ", ".join(one.ids),
            ", ".join(one.fixed),
            one.summary,
        )
        for one in upgrade.remaining
        if one not in upgrade.vulnerable
    ]
    where = f"`{clip(' '.join(upgrade.snapshot.replace('`', ' ').split()), _LONGEST)}`"
    yield from (f"By {where}." if rows else f"None by {where}.", "")
    yield from _render_table(("release", "state", "names", "fixed in", "summary"), rows)


def _list_changes(difference: Difference) -> Iterator[str]:
    yield from ("## Changes", "")
    rows = [
        (
            change.project,
            ", ".join(change.before),
            ", ".join(change.after) + (" (downgrade)" if find_direction(change) == "down" else ""),
            ", ".join(change.targets),
        )
        for change in difference.changes
    ]
    if not rows:
        yield from ("None.", "")
    yield from _render_table(("project", "before", "after", "targets"), rows)


def _list_impossible(difference: Difference) -> Iterator[str]:
    rows = [
        (", ".join(gap.requirements), ", ".join(gap.targets), gap.reason)
        for gap in difference.impossible
    ]
    if rows:
        yield from ("## Impossible after the upgrade", "")
        yield from _render_table(("requirement", "targets", "reason"), rows)


def _render_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    yield from heading(columns)
    for cells in rows[:_ROWS]:
        yield row(escape(clip(cell, _LONGEST)) for cell in cells)
    yield ""
    if len(rows) > _ROWS:
        yield from (f"{count(len(rows) - _ROWS, 'more line')} in `upgrade.json`.", "")
