"""``NOTES.md``: the bundle in words, for the release engineer."""

from collections.abc import Sequence

from matrix.plan.model import Cell, Plan, State
from matrix.targets.target import Target


def notes(plan: Plan, missing: Sequence[tuple[Cell, str]], *, version: str) -> str:
    """Targets, requirements, what was built, what is missing and why."""
    built = sorted({(c.project, c.version) for c in plan.cells if c.state is State.BUILD})
    parts = [
        f"# {plan.bundle} {version}\n",
        *_list(
            "Targets", [f"`{t.id}`: {Target.parse(t.python, t.platform)}" for t in plan.targets]
        ),
        *_list("Requirements", [f"`{', '.join(row.requirements)}`" for row in plan.requirements]),
        *_list("Built for this plan", [f"{project} {version}" for project, version in built]),
        *_list(
            "Missing", [f"{c.project} {c.version} for `{c.target}`: {why}" for c, why in missing]
        ),
        *_list("Excluded", _cells(plan, State.EXCLUDED)),
    ]
    return "\n".join(parts)


def _cells(plan: Plan, state: State) -> list[str]:
    return [f"{c.project} on `{c.target}`: {c.reason}" for c in plan.cells if c.state is state]


def _list(heading: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return [f"## {heading}\n\n" + "".join(f"* {line}\n" for line in lines)]
