"""Sort wheels so that dependencies come before the wheels that need them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.utils import NormalizedName, canonicalize_name

from matrix.record.schema import RecordedWheel
from matrix.verify.view import OpenWheel


def sort_leaves_first(
    wheels: Iterable[RecordedWheel], open_wheel: OpenWheel
) -> tuple[RecordedWheel, ...]:
    """
    ``wheels`` such that a wheel comes after those of every project it may require.

    ``open_wheel`` reads their core metadata. Markers are not judged, since the targets differ in
    them; projects that require each other come in the order of their names.
    """
    wheels_by_project: dict[str, list[RecordedWheel]] = {}
    requirements_by_project: dict[str, set[NormalizedName]] = {}
    for wheel in sorted(wheels, key=lambda wheel: wheel.filename):
        wheels_by_project.setdefault(wheel.project, []).append(wheel)
        required = open_wheel(wheel.filename).metadata.requires_dist
        names = {canonicalize_name(requirement.name) for requirement in required}
        requirements_by_project.setdefault(wheel.project, set()).update(names)
    return tuple(
        wheel
        for project in _sort_projects(requirements_by_project)
        for wheel in wheels_by_project[project]
    )


def _sort_projects(requirements_by_project: dict[str, set[NormalizedName]]) -> Iterator[str]:
    seen: set[str] = set()
    for start in sorted(requirements_by_project):
        # A stack of our own: a chain of projects may be longer than Python's recursion limit.
        stack = [(start, False)]
        while stack:
            project, is_done = stack.pop()
            if is_done:
                yield project
            elif project not in seen:
                seen.add(project)
                stack.append((project, True))
                dependencies = requirements_by_project[project] & requirements_by_project.keys()
                stack += [(name, False) for name in sorted(dependencies, reverse=True)]
