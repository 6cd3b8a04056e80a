"""What a manifest wants on each target, before anybody asks an index."""

import dataclasses
from collections.abc import Iterator

from packaging.requirements import Requirement

from matrix.manifest.model import Manifest
from matrix.targets.target import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A requirement of ``packages`` by its project's name, or an environment by its own."""

    name: str
    requirements: tuple[Requirement, ...]

    @property
    def asked(self) -> tuple[str, ...]:
        """The requirements as lock and plan write them, sorted."""
        return tuple(sorted(map(str, self.requirements)))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WantedRoot:
    """A root and where it must install; a requirement that is excluded everywhere has no target."""

    root: Root
    targets: tuple[Target, ...]


def wanted(manifest: Manifest) -> Iterator[WantedRoot]:
    """Every root, sorted by name; requirements before environments."""
    everywhere = manifest.all_targets
    by_group = {name: group.targets for name, group in manifest.targets.items()}
    for package in sorted(manifest.packages, key=lambda package: package.project):
        served = everywhere
        if package.targets or package.exclude:
            excluded = {t for rule in package.exclude for t in by_group[rule.target]}
            names = package.targets or by_group
            served = tuple(sorted({t for name in names for t in by_group[name]} - excluded))
        root = Root(name=package.project, requirements=(package.requirement,))
        yield WantedRoot(root=root, targets=served)
    for name, requirements in sorted(manifest.environments.items()):
        root = Root(name=f"environment {name}", requirements=requirements)
        yield WantedRoot(root=root, targets=everywhere)


def roots_of(manifest: Manifest, target: Target) -> tuple[Root, ...]:
    """What must install on ``target``, in the order of ``wanted``."""
    return tuple(each.root for each in wanted(manifest) if target in each.targets)
