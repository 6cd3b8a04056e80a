"""Manifest, lock and inventory to ``Plan``."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from packaging.utils import NormalizedName

from matrix.manifest.model import Manifest, Package
from matrix.plan.inventory import Inventory, content_key
from matrix.plan.job_classes import job_classes
from matrix.plan.model import Cell, Job, JobClass, Plan, PlannedTarget, State, Wish
from matrix.resolve.lock import Lock, LockedFile
from matrix.resolve.resolving import roots_of
from matrix.targets.target import Target

NOTHING_CARRIED: Final[Inventory] = {}
_UNSAFE: Final = re.compile(r"[^a-z0-9.-]+")


def plan(manifest: Manifest, lock: Lock, *, inventory: Inventory = NOTHING_CARRIED) -> Plan:
    """Say how every project of every closure gets its wheel on every target."""
    classes = job_classes(manifest)
    cells = tuple(sorted(_cells(manifest, lock, classes, inventory)))
    return Plan(
        bundle=manifest.bundle,
        targets=tuple(
            PlannedTarget(id=t.id, python=str(t.python), platform=str(t.platform))
            for t in manifest.all_targets
        ),
        wishes=tuple(sorted(_wishes(manifest))),
        cells=cells,
        classes=tuple(sorted(set(classes.values()))),
        jobs=tuple(sorted(_jobs(cells, manifest, classes))),
    )


def job_id(project: str, version: str, job_class: JobClass) -> str:
    """
    A job's name: opaque to shells and providers, readable for people.

    >>> _UNSAFE.sub("-", "1.0+local")
    '1.0-local'
    """
    return _UNSAFE.sub("-", f"{project}-{version}-{job_class.id}".lower())


def _cells(
    manifest: Manifest, lock: Lock, classes: Mapping[Target, JobClass], inventory: Inventory
) -> Iterator[Cell]:
    targets = {target.id: target for target in manifest.all_targets}
    files = {(f.project, f.version, t): f for f in lock.files for t in f.targets}
    wanted = {
        (project, version, name)
        for solution in lock.solutions
        for name in solution.targets
        for project, version in solution.pins
    }
    for project, version, name in wanted:
        file, target = files[project, version, name], targets[name]
        if file.is_wheel:
            yield _found(file, target)
        else:
            yield _built(file, target, manifest, classes[target], inventory)
    for no in lock.impossible:
        yield Cell(
            project=no.root,
            version="",
            target=no.target,
            state=State.IMPOSSIBLE,
            reason=no.reason,
        )
    yield from _excluded(manifest)


def _found(file: LockedFile, target: Target) -> Cell:
    is_universal = file.filename.endswith("-none-any.whl")
    return Cell(
        project=file.project,
        version=str(file.version),
        target=target.id,
        state=State.UNIVERSAL if is_universal else State.PUBLISHED,
        reason="one wheel for every platform" if is_universal else "a wheel on the index",
        filename=file.filename,
        sha256=file.sha256,
        size=file.size,
    )


def _built(
    file: LockedFile,
    target: Target,
    manifest: Manifest,
    job_class: JobClass,
    inventory: Inventory,
) -> Cell:
    key = content_key(
        sdist_sha256=file.sha256,
        recipe=manifest.recipe(file.project),
        job_class=job_class,
    )
    project, version = file.project, str(file.version)
    if carried := inventory.get((key, target.id)):
        return Cell(
            project=project,
            version=version,
            target=target.id,
            state=State.REUSED,
            reason="built for the previous bundle from the same inputs",
            filename=carried.filename,
            sha256=carried.sha256,
            size=carried.size,
            key=key,
        )
    return Cell(
        project=project,
        version=version,
        target=target.id,
        state=State.BUILD,
        reason=_why_built(file.project, manifest),
        filename=file.filename,
        sha256=file.sha256,
        size=file.size,
        job=job_id(project, version, job_class),
        key=key,
    )


def _why_built(project: NormalizedName, manifest: Manifest) -> str:
    for package in manifest.packages:
        if package.project == project and package.source == "build":
            return f"`source: build`, {manifest.source} line {package.line}"
    return "no wheel on the index for this target"


def _excluded(manifest: Manifest) -> Iterator[Cell]:
    for package in manifest.packages:
        for target, reason in _exclusions(manifest, package):
            yield Cell(
                project=package.project,
                version="",
                target=target,
                state=State.EXCLUDED,
                reason=reason,
            )


def _exclusions(manifest: Manifest, package: Package) -> Iterator[tuple[str, str]]:
    for target in manifest.targets_of(package):
        if rule := manifest.exclusion(package, target):
            yield target.id, rule.reason


def _wishes(manifest: Manifest) -> Iterator[Wish]:
    excluded = {p.project: tuple(_exclusions(manifest, p)) for p in manifest.packages}
    wished: dict[tuple[str, tuple[str, ...]], list[str]] = {
        (str(p.project), (str(p.requirement),)): [] for p in manifest.packages
    }
    for target in manifest.all_targets:
        for root in roots_of(manifest, target):
            requirements = tuple(sorted(map(str, root.requirements)))
            wished.setdefault((root.name, requirements), []).append(target.id)
    for (root_name, requirements), targets in wished.items():
        yield Wish(
            root=root_name,
            requirements=requirements,
            targets=tuple(sorted(targets)),
            excluded=excluded.get(NormalizedName(root_name), ()),
        )


def _jobs(
    cells: tuple[Cell, ...], manifest: Manifest, classes: Mapping[Target, JobClass]
) -> Iterator[Job]:
    targets = {target.id: target for target in manifest.all_targets}
    grouped: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.state is State.BUILD:
            grouped.setdefault(cell.job, []).append(cell)
    for name, owed in grouped.items():
        first = owed[0]
        served = sorted(targets[cell.target] for cell in owed)
        yield Job(
            id=name,
            job_class=classes[served[0]].id,
            project=first.project,
            version=first.version,
            sdist=first.filename,
            sha256=first.sha256,
            size=first.size,
            identifiers=tuple(dict.fromkeys(target.identifier for target in served)),
            targets=tuple(sorted(target.id for target in served)),
        )
