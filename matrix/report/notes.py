"""``NOTES.md``: the bundle in words, for the release engineer; also the text of a release."""

from collections.abc import Iterable, Sequence

from matrix.plan.model import Cell, Plan, State
from matrix.record.schema import NO_SOURCE, Source
from matrix.report.comparing import Change, find_direction
from matrix.report.markdown import escape
from matrix.targets.target import Target


def notes(
    plan: Plan,
    missing: Sequence[tuple[Cell, str]],
    *,
    version: str,
    source: Source = NO_SOURCE,
    changes: Sequence[Change] = (),
    base: str = "",
) -> str:
    """
    Where it was made, what changed since ``base``, targets, requirements, what was built, what is
    missing and why, and how to import it.
    """
    title = f"{plan.bundle} {version}"
    absent = {(cell.project, cell.version, cell.target) for cell, _ in missing}
    built = sorted(
        {
            (cell.project, cell.version)
            for cell in plan.cells
            if cell.state is State.BUILD and (cell.project, cell.version, cell.target) not in absent
        }
    )
    parts = [
        f"# {escape(title)}\n",
        *_list("Source", _list_source(source)),
        *_list(f"Changes since {escape(base)}", _list_changes(changes) if base else ()),
        *_list(
            "Targets", (f"`{t.id}`: {Target.parse(t.python, t.platform)}" for t in plan.targets)
        ),
        *_list("Requirements", (escape(", ".join(r.requirements)) for r in plan.requirements)),
        *_list("Built for this plan", (escape(f"{name} {number}") for name, number in built)),
        *_list("Unlocked builds", _list_unlocked(plan)),
        *_list(
            "Missing",
            (
                f"{escape(f'{cell.project} {cell.version}')} for `{cell.target}`: {escape(reason)}"
                for cell, reason in missing
            ),
        ),
        *_list("Excluded", _list_cells(plan, State.EXCLUDED)),
        (
            "## Verify and import\n\n"
            "    wheelyard verify BUNDLE\n"
            "    wheelyard import BUNDLE --to DIRECTORY\n"
        ),
    ]
    return "\n".join(parts)


def _list_source(source: Source) -> list[str]:
    lines = {
        "commit": source.commit and f"`{source.commit}`",
        "ref": escape(source.ref),
        "run": f"<{source.run}>" if source.run else "",
        "sha256 of the lock": source.lock_sha256 and f"`{source.lock_sha256}`",
        "untested": escape(source.untested),
    }
    return [f"{what}: {text}" for what, text in lines.items() if text] if source.commit else []


def _list_changes(changes: Sequence[Change]) -> list[str]:
    """One line a change, what went down first; one line that nothing changed."""
    lines = []
    for change in sorted(changes, key=lambda item: (find_direction(item) != "down", item.project)):
        versions = " -> ".join(filter(None, (", ".join(change.before), ", ".join(change.after))))
        targets = ", ".join(f"`{target}`" for target in change.targets)
        label = escape(f"{change.project} {versions}")
        lines.append(f"**{find_direction(change)}** {label} on {targets}")
    return lines or ["nothing"]


def _list_unlocked(plan: Plan) -> list[str]:
    """Every release whose build the index of the day decided in part, reused ones too."""
    rows = {
        (f"{cell.project} {cell.version}", cell.unlocked) for cell in plan.cells if cell.unlocked
    }
    return [f"{escape(label)}: {escape(reason)}" for label, reason in sorted(rows)]


def _list_cells(plan: Plan, state: State) -> list[str]:
    return [
        f"{escape(cell.project)} on `{cell.target}`: {escape(cell.reason)}"
        for cell in plan.cells
        if cell.state is state
    ]


def _list(heading: str, lines: Iterable[str]) -> list[str]:
    items = "".join(f"* {line}\n" for line in lines)
    return [f"## {heading}\n\n{items}"] if items else []
