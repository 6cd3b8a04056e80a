"""What reuse has saved."""

import dataclasses
from collections.abc import Iterator

from matrix.edge.quantities import count
from matrix.plan.model import Plan, State

_MINUTE = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """The builds that a plan does not repeat, and how long they took."""

    builds: int
    seconds: int

    def __str__(self) -> str:
        """
        The savings in words.

        >>> str(Savings(builds=112, seconds=34_790))
        '112 builds reused, about 580 minutes'
        """
        minutes = -(-self.seconds // _MINUTE)
        took = f", about {count(minutes, 'minute')}" if minutes else ""
        return f"{count(self.builds, 'build')} reused{took}"


def compute_savings(plan: Plan) -> Savings:
    """The savings of a plan: a build for each wheel that is reused."""
    cells = [cell for cell in plan.cells if cell.state is State.REUSED]
    return Savings(
        builds=len({cell.filename for cell in cells}),
        seconds=sum(cell.build_seconds for cell in cells),
    )


def list_origins(plan: Plan) -> Iterator[str]:
    """A line for each run that wheels are reused from."""
    names_by_run: dict[str, set[str]] = {}
    for cell in plan.cells:
        if cell.state is State.REUSED:
            names_by_run.setdefault(cell.run, set()).add(f"{cell.project} {cell.version}")
    for run, names in sorted(names_by_run.items()):
        yield f"{run}: {', '.join(sorted(names))}"
