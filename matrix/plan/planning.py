"""Manifest, lock and inventory to ``Plan``."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from matrix.manifest.model import Manifest
from matrix.plan import order, shards
from matrix.plan.cells import Chooser, exclusions, without_wheel
from matrix.plan.inventory import Durations, Inventory, measured
from matrix.plan.job_classes import job_classes
from matrix.plan.model import Build, Cell, Job, JobClass, Plan, PlannedTarget, State, Wish
from matrix.plan.order import Needs
from matrix.resolve.lock import Lock
from matrix.resolve.roots import wanted

NOTHING_CARRIED: Final[Inventory] = {}
NOTHING_MEASURED: Final[Durations] = {}


def plan(
    manifest: Manifest,
    lock: Lock,
    *,
    inventory: Inventory = NOTHING_CARRIED,
    past: Durations = NOTHING_MEASURED,
) -> Plan:
    """Say how every project of every closure gets its wheel on every target."""
    order.refuse_unknown(manifest, lock)
    found = job_classes(manifest)
    classes = {target.id: one for target, one in found.items()}
    chooser = Chooser(manifest, lock, classes=classes, inventory=inventory)
    cells = [cell for file in lock.files for cell in chooser.cells(file)]
    jobs = tuple(sorted(_jobs(cells, manifest, lock, classes, past), key=lambda job: job.id))
    owner = {
        (build.sdist, target): job.id
        for job in jobs
        for build in job.builds
        for target in build.targets
    }
    assigned = [
        dataclasses.replace(cell, job=owner[cell.filename, cell.target])
        if cell.state is State.BUILD
        else cell
        for cell in cells
    ]
    return Plan(
        bundle=manifest.bundle,
        targets=tuple(
            PlannedTarget(id=t.id, python=str(t.python), platform=str(t.platform))
            for t in manifest.all_targets
        ),
        wishes=tuple(sorted(_wishes(manifest))),
        cells=tuple(sorted([*assigned, *without_wheel(manifest, lock)], key=_place)),
        classes=tuple(sorted(set(classes.values()))),
        jobs=jobs,
    )


def _place(cell: Cell) -> tuple[str, str, str, str]:
    return cell.project, cell.version, cell.target, cell.state


def _wishes(manifest: Manifest) -> Iterator[Wish]:
    excluded = {str(p.project): tuple(exclusions(manifest, p)) for p in manifest.packages}
    for each in wanted(manifest):
        yield Wish(
            root=each.root.name,
            requirements=each.root.asked,
            targets=tuple(sorted(target.id for target in each.targets)),
            excluded=excluded.get(each.root.name, ()),
        )


def _jobs(
    cells: Iterable[Cell],
    manifest: Manifest,
    lock: Lock,
    classes: Mapping[str, JobClass],
    past: Durations,
) -> Iterator[Job]:
    """The jobs of every class."""
    by_class: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.key:
            by_class.setdefault(classes[cell.target].id, []).append(cell)
    for name, members in sorted(by_class.items()):
        served = {target for target, one in classes.items() if one.id == name}
        files = (file for file in lock.files if not served.isdisjoint(file.targets))
        needs = Needs.of(name, files, manifest)
        yield from shards.jobs(name, _builds(members, needs, manifest, past))


def _builds(
    cells: Sequence[Cell], needs: Needs, manifest: Manifest, past: Durations
) -> list[Build]:
    built = {cell.project for cell in cells if cell.state is State.BUILD}
    carried = {cell.project for cell in cells if cell.state is State.REUSED}
    needs.refuse_cycles(built, source=manifest.source)
    targets = {target.id: target for target in manifest.all_targets}
    grouped: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        if cell.state is State.BUILD:
            grouped.setdefault((cell.project, cell.version, cell.filename), []).append(cell)
    builds = []
    for (project, version, sdist), owed in grouped.items():
        served = sorted(targets[cell.target] for cell in owed)
        reached = needs.reached(project)
        builds.append(
            Build(
                project=project,
                version=version,
                sdist=sdist,
                sha256=owed[0].sha256,
                size=owed[0].size,
                identifiers=tuple(dict.fromkeys(target.identifier for target in served)),
                targets=tuple(sorted(target.id for target in served)),
                after=tuple(sorted(reached & built)),
                carried=tuple(sorted(reached & carried)),
                measured=measured(project, [target.id for target in served], past),
            )
        )
    return builds
