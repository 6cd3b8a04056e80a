"""Wheels in the order in which they may arrive: what others need comes first."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from matrix.record.schema import RecordedWheel
from matrix.verify import view


def leaves_first(wheels: Iterable[RecordedWheel], directory: Path) -> tuple[RecordedWheel, ...]:
    """
    ``wheels`` such that a wheel comes after those of every project it may require.

    ``directory`` holds their core metadata. Markers are not judged, since the targets differ in
    them; projects that require each other come in the order of their names.
    """
    opened = view.opener(directory)
    by_project: dict[str, list[RecordedWheel]] = {}
    needs: dict[str, set[NormalizedName]] = {}
    for wheel in sorted(wheels, key=lambda wheel: wheel.filename):
        by_project.setdefault(wheel.project, []).append(wheel)
        required = opened(wheel.filename).metadata.requires_dist
        names = {canonicalize_name(requirement.name) for requirement in required}
        needs.setdefault(wheel.project, set()).update(names)
    return tuple(wheel for project in _order(needs) for wheel in by_project[project])


def _order(needs: dict[str, set[NormalizedName]]) -> Iterator[str]:
    seen: set[str] = set()
    for root in sorted(needs):
        # A stack of our own: a chain of projects may be longer than Python's recursion limit.
        stack = [(root, False)]
        while stack:
            project, is_done = stack.pop()
            if is_done:
                yield project
            elif project not in seen:
                seen.add(project)
                stack.append((project, True))
                inner = needs[project] & needs.keys()
                stack += [(name, False) for name in sorted(inner, reverse=True)]
