"""What jobs have handed over: opened, checked, and of every shared wheel who has tested it."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from matrix.builds import shared
from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel, Wheel
from matrix.errors import Incomplete, Problem

Opened = tuple[Path, Wheel]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Wheels by filename, and each by the job class that has made it: empty when nobody says."""

    wheels: Mapping[str, Mapping[str, Opened]]

    def of(self, job_class: str) -> Iterator[Opened]:
        """Those for one platform, whoever made them, and the shared ones that a class has made."""
        for filename, makers in self.wheels.items():
            if not wheel.runs_everywhere(filename):
                yield from makers.values()
            elif job_class in makers:
                yield makers[job_class]


def below(directory: Path) -> tuple[Path, ...]:
    """Every wheel file below ``directory``."""
    return tuple(directory.rglob("*.whl"))


def read(paths: Iterable[Path]) -> Arrived:
    """The wheels at ``paths``; the same bytes twice count once."""
    found: dict[str, dict[str, Opened]] = {}
    problems = []
    for path in sorted(paths, key=lambda path: (path.name, str(path))):
        try:
            opened = wheel.read(path)
        except InvalidWheel as error:
            problems.append(Problem(place=path.name, what=str(error)))
            continue
        made = found.setdefault(opened.filename, {})
        known = made.setdefault(shared.maker(path), (path, opened))
        if known[1].sha256 != opened.sha256:
            what = f"there twice with other bytes: {known[0]} and {path}"
            problems.append(Problem(place=path.name, what=what))
    if problems:
        raise Incomplete.of(problems)
    return Arrived(wheels=found)
