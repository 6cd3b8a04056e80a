"""What the page to look at shows, as values: every project on every target, with the reason."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from matrix.plan.model import Cell, Plan, State
from matrix.policy.advisories import Vulnerability
from matrix.record.schema import Record, RecordedWheel
from matrix.report.comparing import Change, Release
from matrix.targets.target import Target

Kind = Literal["published", "reused", "built", "to build", "missing", "excluded", "impossible"]
"""How a target gets a project, or why it does not."""

KINDS: Final[tuple[Kind, ...]] = (
    "published",
    "reused",
    "built",
    "to build",
    "missing",
    "excluded",
    "impossible",
)
_KINDS: Final[Mapping[State, Kind]] = {
    State.PUBLISHED: "published",
    State.REUSED: "reused",
    State.BUILD: "to build",
    State.EXCLUDED: "excluded",
    State.IMPOSSIBLE: "impossible",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageTarget:
    """One target: its id and what it is in words."""

    id: str
    label: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageCell:
    """One project on one target; ``versions`` is empty where nothing is installed."""

    target: str
    kind: Kind
    versions: tuple[str, ...]
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageWheel:
    """One wheel of a project, and the targets that install it."""

    filename: str
    sha256: str
    size: int
    origin: str
    targets: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageProject:
    """One row of the grid; every tuple is sorted."""

    name: str
    cells: tuple[PageCell, ...]
    wheels: tuple[PageWheel, ...]
    wanted: tuple[str, ...]
    """The manifest's requirements that name it."""
    requires: tuple[str, ...]
    """Projects of the page that its metadata name, under a marker or for an extra too."""
    required_by: tuple[str, ...]
    licences: tuple[str, ...]
    advisories: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """The whole page."""

    title: str
    lines: tuple[str, ...]
    """What is said below the title: dates, digests, where it comes from."""
    targets: tuple[PageTarget, ...]
    projects: tuple[PageProject, ...]
    changes: tuple[Change, ...]
    base: str
    """What the changes are compared with; empty when nothing was."""


def gather_plan(plan: Plan, *, title: str, lines: tuple[str, ...] = ()) -> PageFacts:
    """The page of a plan: what exists, what will be built, and what cannot be."""
    cells_by_project: dict[str, dict[str, list[Cell]]] = {}
    for cell in plan.cells:
        by_target = cells_by_project.setdefault(cell.project, {})
        by_target.setdefault(cell.target, []).append(cell)
    wanted = _group_requirements(plan)
    return PageFacts(
        title=title,
        lines=lines,
        targets=tuple(
            PageTarget(id=t.id, label=str(Target.parse(t.python, t.platform))) for t in plan.targets
        ),
        projects=tuple(
            PageProject(
                name=project,
                cells=tuple(_join(target, cells) for target, cells in sorted(by_target.items())),
                wheels=(),
                wanted=tuple(sorted(wanted.get(project, ()))),
                requires=(),
                required_by=(),
                licences=(),
                advisories=(),
            )
            for project, by_target in sorted(cells_by_project.items())
        ),
        changes=(),
        base="",
    )


def add_changes(facts: PageFacts, changes: Iterable[Change], *, base: str) -> PageFacts:
    """The page with what changed since ``base``."""
    return dataclasses.replace(facts, changes=tuple(changes), base=base)


def add_record(facts: PageFacts, record: Record) -> PageFacts:
    """The page of a bundle: its wheels, what it built, and what it lacks."""
    wheels_by_project: dict[str, list[RecordedWheel]] = {}
    for wheel in record.wheels:
        wheels_by_project.setdefault(wheel.project, []).append(wheel)
    reason_by_cell = {(item.project, item.target): item.reason for item in record.missing}
    return dataclasses.replace(
        facts,
        projects=tuple(
            dataclasses.replace(
                project,
                cells=tuple(
                    _finish(cell, reason_by_cell.get((project.name, cell.target)))
                    for cell in project.cells
                ),
                wheels=tuple(map(_describe, wheels_by_project.get(project.name, ()))),
            )
            for project in facts.projects
        ),
    )


def add_dependencies(facts: PageFacts, names_by_project: Mapping[str, frozenset[str]]) -> PageFacts:
    """The page with who requires whom; ``names_by_project`` are the names in the metadata."""
    known = {project.name for project in facts.projects}
    requires = {name: names & known - {name} for name, names in names_by_project.items()}
    required_by: dict[str, set[str]] = {}
    for name, names in requires.items():
        for required in names:
            required_by.setdefault(required, set()).add(name)
    return dataclasses.replace(
        facts,
        projects=tuple(
            dataclasses.replace(
                project,
                requires=tuple(sorted(requires.get(project.name, ()))),
                required_by=tuple(sorted(required_by.get(project.name, ()))),
            )
            for project in facts.projects
        ),
    )


def add_judgements(
    facts: PageFacts,
    *,
    licence_by_release: Mapping[Release, str],
    vulnerabilities: Iterable[Vulnerability] = (),
) -> PageFacts:
    """The page with the licences that releases state, and the advisories about them."""
    licences: dict[str, set[str]] = {}
    for (project, _), licence in licence_by_release.items():
        if licence:
            licences.setdefault(project, set()).add(licence)
    advisories: dict[str, set[str]] = {}
    for vulnerability in vulnerabilities:
        advisories.setdefault(vulnerability.project, set()).add(
            f"{vulnerability.version}: {', '.join(vulnerability.ids)}: {vulnerability.summary}"
        )
    return dataclasses.replace(
        facts,
        projects=tuple(
            dataclasses.replace(
                project,
                licences=tuple(sorted(licences.get(project.name, ()))),
                advisories=tuple(sorted(advisories.get(project.name, ()))),
            )
            for project in facts.projects
        ),
    )


def _join(target: str, cells: list[Cell]) -> PageCell:
    """The cells of one project on one target as one: the worst state, and every version."""
    states = {_KINDS[cell.state] for cell in cells}
    return PageCell(
        target=target,
        kind=max(states, key=KINDS.index),
        versions=tuple(sorted({cell.version for cell in cells if cell.version})),
        reason="; ".join(sorted({cell.reason for cell in cells if cell.reason})),
    )


def _finish(cell: PageCell, missing: str | None) -> PageCell:
    if missing is not None:
        return dataclasses.replace(cell, kind="missing", reason=missing)
    return dataclasses.replace(cell, kind="built") if cell.kind == "to build" else cell


def _describe(wheel: RecordedWheel) -> PageWheel:
    return PageWheel(
        filename=wheel.filename,
        sha256=wheel.sha256,
        size=wheel.size,
        origin=wheel.origin,
        targets=wheel.targets,
    )


def _group_requirements(plan: Plan) -> dict[str, set[str]]:
    """The requirements of the plan as they are written, by the projects that they name."""
    wanted: dict[str, set[str]] = {}
    for planned in plan.requirements:
        for text in planned.requirements:
            project = canonicalize_name(Requirement(text).name)
            label = f"{text} ({planned.name})" if planned.name.startswith("environment ") else text
            wanted.setdefault(project, set()).add(label)
    return wanted
