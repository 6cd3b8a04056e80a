"""Resolve the tool's requirements for the interpreters of runners, and pin every wheel by hash."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.edge.progress import Reporter
from matrix.errors import Impossible, Problem
from matrix.manifest.model import Manifest, TargetGroup
from matrix.resolve.lock import Lock
from matrix.targets.platform_tag import Family
from matrix.targets.target import Target
from matrix.toolchain import tool_source
from matrix.toolchain.tool_markers import format_marker
from matrix.toolchain.tool_requirements import Pin, ToolRequirements

if TYPE_CHECKING:
    from matrix.index.client import Index
    from matrix.index.page import PublishedFile

_ENVIRONMENT: Final = "tool"
# Newer wheels than the floor needs: an index without hashes offers them to pip all the same.
_NEWEST_FLOORS: Final = {Family.MANYLINUX: (2, 99), Family.MACOS: (99, 0)}
Pinned = Mapping[Target, Mapping[NormalizedName, Version]]
"""The versions that each interpreter installs."""


def lock_tool(
    manifest: Manifest,
    hosts: Sequence[Target],
    *,
    root: Path,
    index: "Index",
    reporter: Reporter,
) -> ToolRequirements:
    """
    Resolve the tool of ``manifest``, in the repository ``root``, for ``hosts``.

    An interpreter for which a project has no wheels is listed as lacking, as long as another
    interpreter of its system is left.
    """
    tool = manifest.tool
    if tool is None:
        raise ValueError("the manifest has no tool")
    identity = tool_source.read_identity(tool, root=root, source=manifest.source)
    requirements = tool_source.read_tool_requirements(tool, root=root, source=manifest.source)
    lock = _resolve(requirements, hosts, index, reporter)
    pinned = _list_pinned(lock, hosts)
    _refuse_uncovered(pinned, hosts, lock, source=manifest.source)
    pins = list(_list_pins(pinned, index))
    if tool.is_wheel:
        pins.append(Pin(requirement=f"./{tool}", sha256s=(identity.sha256,)))
    return ToolRequirements(
        identity=identity,
        covers=tuple(sorted(host.identifier for host in pinned)),
        lacks=tuple(sorted(host.identifier for host in hosts if host not in pinned)),
        pins=tuple(pins),
    )


def _resolve(
    requirements: Sequence[Requirement],
    hosts: Sequence[Target],
    index: "Index",
    reporter: Reporter,
) -> Lock:
    # Importing the resolver takes as long as `generate --check` may take.
    from matrix.resolve.resolving import resolve  # noqa: PLC0415

    manifest = Manifest(
        bundle="tool",
        runners=(),
        targets={
            host.id: TargetGroup(platform=host.platform, python=(host.python,)) for host in hosts
        },
        packages=(),
        environments={_ENVIRONMENT: tuple(requirements)},
    )
    return resolve(manifest, index, pins={}, reporter=reporter)


def _list_pinned(lock: Lock, hosts: Sequence[Target]) -> Pinned:
    """Return the versions for each host whose whole closure has wheels."""
    built = {target for file in lock.files if not file.is_wheel for target in file.targets}
    versions_by_target = {
        target: dict(solution.pins) for solution in lock.solutions for target in solution.targets
    }
    return {
        host: versions_by_target[host.id]
        for host in hosts
        if host.id in versions_by_target and host.id not in built
    }


def _refuse_uncovered(pinned: Pinned, hosts: Sequence[Target], lock: Lock, *, source: str) -> None:
    """Raise unless each system has an interpreter on which the tool installs."""
    reason_by_target = {conflict.target: conflict.reason for conflict in lock.impossible}
    reason_by_target |= {
        target: f"{file.project} {file.version} has no wheel"
        for file in lock.files
        if not file.is_wheel
        for target in file.targets
    }
    covered = {host.platform for host in pinned}
    problems = []
    for platform in sorted({host.platform for host in hosts} - covered):
        newest = max(host for host in hosts if host.platform == platform)
        what = f"tool: cannot be installed on {newest}: {reason_by_target.get(newest.id, '')}"
        problems.append(Problem(place=source, what=what))
    if problems:
        raise Impossible.of(problems)


def _list_pins(pinned: Pinned, index: "Index") -> Iterator[Pin]:
    targets_by_release: dict[tuple[NormalizedName, Version], list[Target]] = {}
    for target, version_by_project in pinned.items():
        for release in version_by_project.items():
            targets_by_release.setdefault(release, []).append(target)
    for (project, version), targets in sorted(targets_by_release.items()):
        page = index.fetch_page(project)
        published = page.releases.get(version, ()) if page else ()
        yield Pin(
            requirement=f"{project}=={version}",
            marker=format_marker(targets, pinned),
            sha256s=tuple(sorted({file.sha256 for file in find_wheels(published, targets)})),
        )


def find_wheels(
    published: Iterable["PublishedFile"], hosts: Collection[Target]
) -> Iterator["PublishedFile"]:
    """Yield the wheels that a machine with one of ``hosts`` may install."""
    tags = {tag for host in hosts for tag in _raise_floor(host).tags()}
    for file in published:
        if file.is_wheel and not tags.isdisjoint(file.tags):
            yield file


def _raise_floor(host: Target) -> Target:
    floor = _NEWEST_FLOORS.get(host.platform.family)
    if floor is None:
        return host
    return dataclasses.replace(host, platform=dataclasses.replace(host.platform, floor=floor))
