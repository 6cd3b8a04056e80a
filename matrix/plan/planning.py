"""Manifest, lock and inventory to ``Plan``."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from matrix.manifest.model import Manifest
from matrix.plan import order, shards
from matrix.plan.builds import Grouper
from matrix.plan.cells import Chooser, find_cells_without_wheel, find_exclusions
from matrix.plan.inventory import Durations, Inventory
from matrix.plan.job_classes import assign_job_classes
from matrix.plan.machines import divide, list_machines
from matrix.plan.model import (
    Build,
    BuildRequirement,
    Cell,
    Job,
    JobClass,
    Plan,
    PlannedRequirement,
    PlannedTarget,
    State,
)
from matrix.plan.order import Needs
from matrix.resolve.lock import Lock
from matrix.resolve.roots import list_roots

NOTHING_BUILT: Final[Inventory] = {}
NOTHING_MEASURED: Final[Durations] = {}


def create_plan(
    manifest: Manifest,
    lock: Lock,
    *,
    inventory: Inventory = NOTHING_BUILT,
    past: Durations = NOTHING_MEASURED,
) -> Plan:
    """Plan where every project of every closure gets its wheel from, on every target."""
    order.refuse_unknown(manifest, lock)
    class_by_target = {target.id: item for target, item in assign_job_classes(manifest).items()}
    chooser = Chooser(manifest, lock, class_by_target=class_by_target, inventory=inventory)
    cells = [cell for file in lock.files for cell in chooser.choose(file)]
    grouper = Grouper(manifest, lock, class_by_target=class_by_target, past=past)
    unsorted = _create_jobs(cells, manifest, lock, grouper=grouper, class_by_target=class_by_target)
    jobs = tuple(sorted(unsorted, key=lambda job: job.id))
    installed = {name for job in jobs for build in job.builds for name in build.build_requirements}
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
        requirements=tuple(sorted(_find_requirements(manifest, lock))),
        cells=tuple(sorted([*assigned, *find_cells_without_wheel(manifest, lock)], key=_place)),
        job_classes=tuple(sorted(set(class_by_target.values()))),
        jobs=jobs,
        build_requirements=tuple(
            BuildRequirement(project=f.project, filename=f.filename, sha256=f.sha256, size=f.size)
            for f in lock.build_files
            if f.filename in installed
        ),
    )


def _place(cell: Cell) -> tuple[str, str, str, str]:
    return cell.project, cell.version, cell.target, cell.state


def _find_requirements(manifest: Manifest, lock: Lock) -> Iterator[PlannedRequirement]:
    excluded = {str(p.project): tuple(find_exclusions(manifest, p)) for p in manifest.packages}
    for each in list_roots(manifest, lock):
        yield PlannedRequirement(
            name=each.root.name,
            requirements=each.root.texts,
            targets=tuple(sorted(target.id for target in each.targets)),
            excluded=excluded.get(str(each.project), ()),
        )


def _create_jobs(
    cells: Iterable[Cell],
    manifest: Manifest,
    lock: Lock,
    *,
    grouper: Grouper,
    class_by_target: Mapping[str, JobClass],
) -> Iterator[Job]:
    """The jobs of every class, no more than there are machines where that is known."""
    builds_by_class: dict[str, Sequence[Build]] = {}
    for name, members in grouper.group_by_class(cells).items():
        served = {target for target, item in class_by_target.items() if item.id == name}
        files = (file for file in lock.files if not served.isdisjoint(file.targets))
        needs = Needs.of(name, files, manifest)
        if grouped := grouper.group_builds(members, needs):
            builds_by_class[name] = grouped
    most_by_class = _count_jobs(manifest, builds_by_class)
    for name, builds in builds_by_class.items():
        yield from shards.group_jobs(name, builds, most=most_by_class.get(name, 0))


def _count_jobs(
    manifest: Manifest, builds_by_class: Mapping[str, Sequence[Build]]
) -> Mapping[str, int]:
    """The number of jobs of the classes whose machines are counted."""
    most_by_class: dict[str, int] = {}
    for machines in list_machines(manifest, assign_job_classes(manifest)):
        seconds_by_class = {
            name: sum(map(shards.estimate_seconds, builds_by_class[name]))
            for name in machines.classes
            if name in builds_by_class
        }
        most_by_class.update(divide(machines.count, seconds_by_class))
    return most_by_class
