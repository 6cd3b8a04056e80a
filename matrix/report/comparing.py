"""Compare what two plans, locks or bundles install."""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

from packaging.version import Version

from matrix.errors import MatrixError, Problem
from matrix.plan import model
from matrix.plan.model import Plan
from matrix.record import schema as record_schema
from matrix.resolve import lock as lock_model

Release = tuple[str, str]
"""Project and version."""

_SCHEMAS: Final = {
    "cells": model.SCHEMA,
    "solutions": lock_model.SCHEMA,
    "wheels": record_schema.SCHEMA,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """
    The versions that are installed on each target, and the digests of their files.

    ``name`` is its name in the report. ``not_compared`` is the reason why this version cannot read
    it, if so: a new version of this tool must not fail every merge request that introduces it.
    """

    name: str
    versions_by_project_and_target: Mapping[tuple[str, str], frozenset[str]]
    digests: frozenset[str]
    not_compared: str = ""
    requirements: frozenset[tuple[str, str]] = frozenset()
    """The name of each root, and its requirements as one text."""

    @property
    def releases(self) -> frozenset[Release]:
        return frozenset(
            (project, version)
            for (project, _), versions in self.versions_by_project_and_target.items()
            for version in versions
        )


NOTHING: Final = Holdings(name="", versions_by_project_and_target={}, digests=frozenset())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Change:
    """A project whose versions differ, and the targets with exactly this difference."""

    project: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    targets: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RequirementChange:
    """A requirement, or an environment's requirements, that the manifest has changed."""

    root: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def summarize_plan(plan: Plan, *, name: str = "") -> Holdings:
    """What ``plan`` will install."""
    cells = [cell for cell in plan.cells if cell.version]
    rows = [(cell.project, cell.target, cell.version) for cell in cells]
    digests = frozenset(cell.sha256 for cell in cells)
    requirements = frozenset((r.name, ", ".join(r.requirements)) for r in plan.requirements)
    return Holdings(
        name=name,
        versions_by_project_and_target=_group_versions(rows),
        digests=digests,
        requirements=requirements,
    )


def summarize_record(record: record_schema.Record) -> Holdings:
    """What a bundle installs."""
    rows = [(w.project, target, w.version) for w in record.wheels for target in w.targets]
    return Holdings(
        name=record.label,
        versions_by_project_and_target=_group_versions(rows),
        digests=frozenset(wheel.sha256 for wheel in record.wheels),
    )


def parse_holdings(text: str, *, name: str) -> Holdings:
    """
    What a ``plan.json``, a ``packages.lock`` or a bundle's ``bundle.json`` installs.

    Parsed leniently, because it is only compared; any other text raises ``MatrixError``.
    """
    try:
        loaded = json.loads(text)
        kind = next(key for key in _SCHEMAS if key in loaded)
        if loaded["schema"] != _SCHEMAS[kind]:
            reason = f"expected schema {_SCHEMAS[kind]}, got {loaded['schema']!r}"
            return Holdings(
                name=name,
                versions_by_project_and_target={},
                digests=frozenset(),
                not_compared=reason,
            )
        rows, digests = _READERS[kind](loaded)
        requirements = frozenset(_read_requirements(loaded))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        what = "expected a plan, a lock or a bundle, got a file that cannot be read as one"
        raise MatrixError(Problem(place=name, what=what)) from error
    return Holdings(
        name=name,
        versions_by_project_and_target=_group_versions(rows),
        digests=frozenset(digests),
        requirements=requirements,
    )


def find_changes(before: Holdings, after: Holdings) -> tuple[Change, ...]:
    """One change for each project and difference; targets with the same difference share it."""
    grouped: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    earlier, later = before.versions_by_project_and_target, after.versions_by_project_and_target
    nothing: frozenset[str] = frozenset()
    for project, target in sorted(earlier.keys() | later.keys()):
        was = earlier.get((project, target), nothing)
        now = later.get((project, target), nothing)
        if was != now:
            key = (project, tuple(sorted(was)), tuple(sorted(now)))
            grouped.setdefault(key, []).append(target)
    return tuple(
        Change(project=project, before=was, after=now, targets=tuple(targets))
        for (project, was, now), targets in sorted(grouped.items())
    )


Direction = Literal["added", "removed", "up", "down", "changed"]


def find_direction(change: Change) -> Direction:
    """
    Where the newest version went; ``changed`` where it stayed and older ones came or went.

    >>> find_direction(Change(project="a", before=("1.10",), after=("1.9",), targets=()))
    'down'
    """
    if not (change.before and change.after):
        return "added" if change.after else "removed"
    before, after = max(map(Version, change.before)), max(map(Version, change.after))
    if before == after:
        return "changed"
    return "up" if before < after else "down"


def find_requirement_changes(before: Holdings, after: Holdings) -> tuple[RequirementChange, ...]:
    """Return one change for each root that is new, gone or different."""
    sides = (before.requirements - after.requirements, after.requirements - before.requirements)
    return tuple(
        RequirementChange(
            root=root,
            before=tuple(sorted(text for name, text in sides[0] if name == root)),
            after=tuple(sorted(text for name, text in sides[1] if name == root)),
        )
        for root in sorted({name for side in sides for name, _ in side})
    )


_Rows = list[tuple[str, str, str]]


def _group_versions(rows: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], frozenset[str]]:
    grouped: dict[tuple[str, str], set[str]] = {}
    for project, target, version in rows:
        grouped.setdefault((project, target), set()).add(version)
    return {place: frozenset(versions) for place, versions in grouped.items()}


def _read_plan(loaded: Mapping[str, Any]) -> tuple[_Rows, list[str]]:
    cells = [cell for cell in loaded["cells"] if cell["version"]]
    rows = [(cell["project"], cell["target"], cell["version"]) for cell in cells]
    return rows, [cell["sha256"] for cell in cells]


def _read_lock(loaded: Mapping[str, Any]) -> tuple[_Rows, list[str]]:
    rows = [
        (project, target, version)
        for solution in loaded["solutions"]
        for target in solution["targets"]
        for project, version in solution["pins"].items()
    ]
    return rows, [file["sha256"] for file in loaded["files"]]


def _read_bundle(loaded: Mapping[str, Any]) -> tuple[_Rows, list[str]]:
    wheels = loaded["wheels"]
    rows = [(w["project"], target, w["version"]) for w in wheels for target in w["targets"]]
    return rows, [wheel["sha256"] for wheel in wheels]


def _read_requirements(loaded: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, name in (
        ("solutions", "root"),
        ("impossible", "root"),
        ("wishes", "root"),
        ("requirements", "name"),
    ):
        for row in loaded.get(key, ()):
            yield row[name], ", ".join(row["requirements"])


_READERS: Final = {"cells": _read_plan, "solutions": _read_lock, "wheels": _read_bundle}
