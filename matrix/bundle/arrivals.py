"""The wheels that jobs handed over, opened and checked, with the job class that tested each."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel, Wheel
from matrix.errors import Incomplete, Problem
from matrix.plan.handover import job_class_of

Opened = tuple[Path, Wheel]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Wheels by filename and by the job class that built them; the class is empty if unknown."""

    wheels_by_class_by_filename: Mapping[str, Mapping[str, Opened]]

    def of(self, job_class: str) -> Iterator[Opened]:
        """Every wheel for one platform, and the universal wheels that ``job_class`` built."""
        for filename, wheel_by_class in self.wheels_by_class_by_filename.items():
            if not wheel.runs_everywhere(filename):
                yield from wheel_by_class.values()
            elif job_class in wheel_by_class:
                yield wheel_by_class[job_class]


def find_wheels(directory: Path) -> tuple[Path, ...]:
    """Every wheel file below ``directory``."""
    return tuple(directory.rglob("*.whl"))


def read_wheels(paths: Iterable[Path]) -> Arrivals:
    """
    Open the wheels at ``paths``; the same bytes twice count once.

    Raises ``Incomplete`` that names every wheel that cannot be read or stands beside another one.
    """
    arrived, problems = read_readable(paths)
    if problems:
        raise Incomplete.of(problems)
    return arrived


def read_readable(paths: Iterable[Path]) -> tuple[Arrivals, tuple[Problem, ...]]:
    """Open the wheels that can be opened, the first of each name; name the others."""
    wheels: dict[str, dict[str, Opened]] = {}
    problems = []
    for path in sorted(paths, key=lambda path: (path.name, str(path))):
        try:
            opened = wheel.read(path)
        except InvalidWheel as error:
            problems.append(Problem(place=path.name, what=str(error)))
            continue
        wheel_by_class = wheels.setdefault(opened.filename, {})
        known = wheel_by_class.setdefault(job_class_of(path), (path, opened))
        if known[1].sha256 != opened.sha256:
            what = f"two wheels share this name but differ: {known[0]} and {path}"
            problems.append(Problem(place=path.name, what=what))
    return Arrivals(wheels_by_class_by_filename=wheels), tuple(problems)
