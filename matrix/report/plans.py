"""A plan, seen whole."""

from collections import Counter
from collections.abc import Iterable, Iterator

from matrix.edge.quantities import count, megabytes
from matrix.errors import printable
from matrix.plan import savings
from matrix.plan.model import Job, JobClass, Plan, State
from matrix.plan.unlocked import find_unlocked
from matrix.report.tables import table

_ORDER = tuple(State)


def overview(plan: Plan) -> str:
    """Counts of cells by target and state, then builds, impossible cells and exclusions."""
    counts: dict[str, Counter[State]] = {target.id: Counter() for target in plan.targets}
    for cell in plan.cells:
        counts[cell.target][cell.state] += 1
    rows = [[name, *(str(counted[s]) for s in _ORDER)] for name, counted in counts.items()]
    whole = Counter(cell.state for cell in plan.cells)
    rows.append(["all", *(str(whole[state]) for state in _ORDER)])
    parts = [
        _heading(plan),
        table(["target", *_ORDER], rows),
        *section("to build", (_job(job, plan) for job in plan.jobs)),
        *section(_head_reused(plan), savings.list_origins(plan)),
        *section("unlocked", (f"{label}: {reason}" for _, label, reason in find_unlocked(plan))),
        *section("impossible", _reasons(plan, State.IMPOSSIBLE)),
        *section("excluded", _reasons(plan, State.EXCLUDED)),
    ]
    return "\n".join(parts)


def _head_reused(plan: Plan) -> str:
    return str(savings.compute_savings(plan))


def _heading(plan: Plan) -> str:
    counts = {
        "requirement": len(plan.requirements),
        "target": len(plan.targets),
        "cell": len(plan.cells),
    }
    totals = ", ".join(count(number, noun) for noun, number in counts.items())
    fetched = plan.count_bytes(State.PUBLISHED)
    return f"{plan.bundle}: {totals}, {megabytes(fetched)} to fetch\n"


def section(heading: str, lines: Iterable[str]) -> Iterator[str]:
    """A heading and its lines; nothing when there are none."""
    body = list(lines)
    if body:
        yield f"{heading}:\n" + "".join(f"  {printable(line)}\n" for line in body)


def _job(job: Job, plan: Plan) -> str:
    builds = ", ".join(build.label for build in job.builds)
    place = describe_class(plan.get_job_class(job))
    return f"{job.id}: {builds} (about {minutes(job.seconds)}, {place})"


def minutes(seconds: int) -> str:
    """
    Seconds in whole minutes, rounded up.

    >>> minutes(61)
    '2 min'
    """
    return f"{-(-seconds // 60)} min"


def describe_class(job_class: JobClass) -> str:
    """The runner and the cibuildwheel of a job class."""
    labels = ", ".join(job_class.labels)
    return f"{job_class.system} runner {labels}, cibuildwheel {job_class.lane}"


def _reasons(plan: Plan, state: State) -> Iterator[str]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for cell in plan.cells:
        if cell.state is state:
            grouped.setdefault((cell.project, cell.reason), []).append(cell.target)
    for (project, reason), targets in grouped.items():
        yield f"{project} on {', '.join(targets)}: {reason}"
