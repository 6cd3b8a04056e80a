"""
The wheels that earlier runs have built, by their keys, and how long their builds took.

``cli`` has them from the store or from a previous bundle.

A wheel is reused instead of built again where content key, test key and target are the same.
"""

import dataclasses
from collections.abc import Collection, Mapping

from matrix.configurations.inputs import Keys
from matrix.record.schema import Record, RecordedWheel


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReusedWheel:
    """A wheel that was built before."""

    filename: str
    sha256: str
    size: int
    unlocked: str = ""
    build_seconds: int = 0
    """The part of one target in the seconds that its build took; 0 when unknown."""
    run: str = ""
    """The run or the bundle that built it, in words."""
    location: str = ""
    """Where the store has it; empty for a wheel of a previous bundle."""


Inventory = Mapping[tuple[Keys, str], ReusedWheel]
"""Keys and target id to wheel."""


Durations = Mapping[tuple[str, str], int]
"""Project and target id to the seconds that a build of the project took for that target."""


def read_durations(record: Record) -> Durations:
    """The seconds that the builds of a bundle took, by project and target, for any version."""
    return {
        (wheel.project, target): seconds
        for wheel in record.wheels
        if (seconds := _divide_seconds(wheel))
        for target in wheel.targets
    }


def estimate_seconds(project: str, targets: Collection[str], past: Durations) -> int:
    """
    The expected seconds of a build for ``targets``, by the mean of known durations; 0 for none.

    >>> estimate_seconds("lxml", ["a", "b", "c"], {("lxml", "a"): 60, ("lxml", "b"): 90})
    225
    """
    known = [past[project, target] for target in targets if (project, target) in past]
    return sum(known) * len(targets) // len(known) if known else 0


def read_inventory(record: Record) -> Inventory:
    """Every wheel of a bundle that was built, now or before."""
    return {
        (Keys(content=content, test=test), target): ReusedWheel(
            filename=wheel.filename,
            sha256=wheel.sha256,
            size=wheel.size,
            unlocked=wheel.unlocked,
            build_seconds=_divide_seconds(wheel),
            run=f"bundle {record.label}",
        )
        for wheel in record.wheels
        if wheel.content_keys
        for content, test, target in zip(
            wheel.content_keys, wheel.test_keys, wheel.targets, strict=True
        )
    }


def _divide_seconds(wheel: RecordedWheel) -> int:
    """The part of one target in the seconds that a build took; 0 when unknown."""
    return max(1, wheel.build_seconds // len(wheel.targets)) if wheel.build_seconds else 0
