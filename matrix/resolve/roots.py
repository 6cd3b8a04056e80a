"""
The roots of a manifest and their targets, without an index.

The releases that ``versions: 3`` selects depend on the index. The lock holds them, in the names of
its roots, so that commands with a lock need no index.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.manifest.model import Manifest, Package
from matrix.manifest.releases import NEWEST
from matrix.targets.target import Target

if TYPE_CHECKING:
    from matrix.resolve.lock import Lock


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """
    A requirement of ``packages`` by its project's name, an environment by its own, or one of
    several releases by what is wanted and the version.
    """

    name: str
    requirements: tuple[Requirement, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The requirements as lock and plan write them, sorted."""
        return tuple(sorted(map(str, self.requirements)))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WantedRoot:
    """A root and where it must install; a requirement that is excluded everywhere has no target."""

    root: Root
    targets: tuple[Target, ...]
    project: NormalizedName | None
    """Of ``packages``; none for an environment."""


def list_roots(manifest: Manifest, lock: "Lock | None" = None) -> Iterator[WantedRoot]:
    """
    Every root, sorted by name; requirements before environments.

    A project of which more than the newest release is wanted has one root for each release that
    ``lock`` names, where it names it, and its requirement everywhere else.
    """
    everywhere = manifest.all_targets
    for package in sorted(manifest.packages, key=lambda package: package.project):
        targets = _list_targets(manifest, package, everywhere)
        if package.versions != NEWEST and lock is not None:
            releases = tuple(_releases(package, targets, lock))
            yield from releases
            answered = {target for release in releases for target in release.targets}
            targets = tuple(target for target in targets if target not in answered)
            if releases and not targets:
                continue
        root = Root(name=package.project, requirements=(package.requirement,))
        yield WantedRoot(root=root, targets=targets, project=package.project)
    for name, requirements in sorted(manifest.environments.items()):
        root = Root(name=f"environment {name}", requirements=requirements)
        yield WantedRoot(root=root, targets=everywhere, project=None)


def roots_by_target(manifest: Manifest) -> dict[Target, list[Root]]:
    """What must install on each target, in the order of ``list_roots``."""
    roots: dict[Target, list[Root]] = {target: [] for target in manifest.all_targets}
    for each in list_roots(manifest):
        for target in each.targets:
            roots[target].append(each.root)
    return roots


def release_of(package: Package, version: Version) -> Root:
    """The root that is one release of ``package``."""
    requirement = Requirement(str(package.requirement))
    requirement.specifier = SpecifierSet(f"=={version}")
    return Root(name=f"{_series(package)}{version}", requirements=(requirement,))


def _series(package: Package) -> str:
    """What the names of all releases of ``package`` begin with: a lock for others is stale."""
    return f"{package.requirement} (versions {package.versions}): "


def _list_targets(
    manifest: Manifest, package: Package, everywhere: tuple[Target, ...]
) -> tuple[Target, ...]:
    if not package.targets and not package.exclude:
        return everywhere
    groups = manifest.targets
    excluded = {t for rule in package.exclude for t in groups[rule.target].targets}
    names = package.targets or groups
    return tuple(sorted({t for name in names for t in groups[name].targets} - excluded))


def _releases(package: Package, everywhere: Sequence[Target], lock: "Lock") -> Iterator[WantedRoot]:
    series = _series(package)
    rows: dict[str, set[str]] = {}
    for solution in lock.solutions:
        if solution.root.startswith(series):
            rows.setdefault(solution.root.removeprefix(series), set()).update(solution.targets)
    for version in sorted(map(Version, rows)):
        targets = tuple(target for target in everywhere if target.id in rows[str(version)])
        root = release_of(package, version)
        yield WantedRoot(root=root, targets=targets, project=package.project)
