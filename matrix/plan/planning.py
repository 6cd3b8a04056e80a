"""Manifest, lock and inventory to ``Plan``."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from matrix.manifest.model import Manifest
from matrix.plan import order, shards
from matrix.plan.builds import Builder
from matrix.plan.cells import Chooser, exclusions, without_wheel
from matrix.plan.inventory import Durations, Inventory
from matrix.plan.job_classes import job_classes
from matrix.plan.model import BuildFile, Cell, Job, JobClass, Plan, PlannedTarget, State, Wish
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
    builder = Builder(manifest, lock, classes=classes, past=past)
    made = _jobs(cells, manifest, lock, builder=builder, classes=classes)
    jobs = tuple(sorted(made, key=lambda job: job.id))
    stocked = {name for job in jobs for build in job.builds for name in build.stock}
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
        wishes=tuple(sorted(_wishes(manifest, lock))),
        cells=tuple(sorted([*assigned, *without_wheel(manifest, lock)], key=_place)),
        classes=tuple(sorted(set(classes.values()))),
        jobs=jobs,
        build_files=tuple(
            BuildFile(project=f.project, filename=f.filename, sha256=f.sha256, size=f.size)
            for f in lock.build_files
            if f.filename in stocked
        ),
    )


def _place(cell: Cell) -> tuple[str, str, str, str]:
    return cell.project, cell.version, cell.target, cell.state


def _wishes(manifest: Manifest, lock: Lock) -> Iterator[Wish]:
    excluded = {str(p.project): tuple(exclusions(manifest, p)) for p in manifest.packages}
    for each in wanted(manifest, lock):
        yield Wish(
            root=each.root.name,
            requirements=each.root.asked,
            targets=tuple(sorted(target.id for target in each.targets)),
            excluded=excluded.get(str(each.project), ()),
        )


def _jobs(
    cells: Iterable[Cell],
    manifest: Manifest,
    lock: Lock,
    *,
    builder: Builder,
    classes: Mapping[str, JobClass],
) -> Iterator[Job]:
    """The jobs of every class."""
    for name, members in builder.by_class(cells).items():
        served = {target for target, one in classes.items() if one.id == name}
        files = (file for file in lock.files if not served.isdisjoint(file.targets))
        yield from shards.jobs(name, builder.builds(members, Needs.of(name, files, manifest)))
