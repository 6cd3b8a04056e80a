"""
Requirements that no target installs.

Nothing is locked or built for them, and nothing fails: a wrong marker would pass every check. So
each is a warning.
"""

from collections.abc import Iterable, Iterator

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import Requirement

from matrix.errors import Problem
from matrix.manifest.model import Manifest, Package
from matrix.targets.target import Target


def find_unused(manifest: Manifest) -> tuple[Problem, ...]:
    """A problem for each requirement that no target installs, in the order of the manifest."""
    packages = (
        Problem(place=manifest.source, line=package.line, what=reason, hint=hint)
        for package in manifest.packages
        for reason, hint in _explain_package(manifest, package)
    )
    environments = (
        Problem(place=manifest.source, what=f"environments.{name}: {reason}")
        for name, requirements in manifest.environments.items()
        for reason in _explain_environment(requirements, manifest.all_targets)
    )
    return (*packages, *environments)


def _explain_package(manifest: Manifest, package: Package) -> Iterator[tuple[str, str]]:
    groups = manifest.targets
    excluded = {target for rule in package.exclude for target in groups[rule.target].targets}
    names = package.targets or tuple(groups)
    targets = {target for name in names for target in groups[name].targets} - excluded
    if not targets:
        hint = "remove the requirement, or one of its exclusions"
        yield f"{package.requirement} is excluded from every target", hint
    elif not _applies(package.requirement, targets):
        yield f"{package.requirement} is used on no target: its marker is true for none", ""


def _explain_environment(
    requirements: tuple[Requirement, ...], targets: tuple[Target, ...]
) -> Iterator[str]:
    if not requirements:
        yield "it has no requirement"
    for requirement in requirements:
        if not _applies(requirement, targets):
            yield f"{requirement} is used on no target: its marker is true for none"


def _applies(requirement: Requirement, targets: Iterable[Target]) -> bool:
    marker = requirement.marker
    if marker is None:
        return True
    try:
        return any(
            marker.evaluate({**target.marker_environment(), "extra": ""}) for target in targets
        )
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True  # The resolver refuses it, with the reason.
