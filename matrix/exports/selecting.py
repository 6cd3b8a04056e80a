"""One target's share of the lock: a version of each project, and the file that brings it."""

import dataclasses
from collections.abc import Iterable, Iterator

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.errors import Problem, UsageError, did_you_mean
from matrix.resolve.lock import Lock, LockedFile, Solution
from matrix.targets.target import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """
    What installs on ``target``: each project once, sorted by name.

    ``root`` is the requirement or environment that it is for; empty means all of them together.
    """

    target: Target
    root: str
    files: tuple[LockedFile, ...]

    @property
    def id(self) -> str:
        """A name for files: the target's, after the root's."""
        # PEP 751 allows no dots between `pylock.` and `.toml`; names of roots may hold spaces.
        safe = "".join(c if c.isascii() and c.isalnum() else "-" for c in self.root)
        return "-".join([*(part for part in safe.split("-") if part), self.target.id])


def select_share(lock: Lock, target: Target, *, root: str = "") -> Share:
    """
    What ``root`` installs on ``target``, or everything there.

    Raises ``UsageError`` where there is no such root on the target, or where all together need a
    project in several versions.
    """
    solutions = _select_solutions(lock, target, root)
    if not solutions:
        raise UsageError(_nothing(lock, target, root))
    versions: dict[NormalizedName, dict[Version, list[str]]] = {}
    for solution in solutions:
        for project, version in solution.pins:
            versions.setdefault(project, {}).setdefault(version, []).append(_short(solution))
    if problems := list(_several(versions, target)):
        raise UsageError(*problems)
    pins = {(project, version) for project, roots in versions.items() for version in roots}
    files = [
        file
        for file in lock.files
        if target.id in file.targets and (file.project, file.version) in pins
    ]
    return Share(target=target, root=root, files=tuple(files))


def select_targets(lock: Lock, targets: Iterable[Target], *, root: str = "") -> tuple[Target, ...]:
    """The targets on which ``root``, or anything, is locked."""
    return tuple(target for target in targets if _select_solutions(lock, target, root))


def _select_solutions(lock: Lock, target: Target, root: str) -> list[Solution]:
    here = (solution for solution in lock.solutions if target.id in solution.targets)
    return [solution for solution in here if not root or root in _names(solution)]


def _names(solution: Solution) -> frozenset[str]:
    return frozenset({solution.root, _short(solution)})


def _short(solution: Solution) -> str:
    """The root as the manifest names it: a project, an environment, or one exact release."""
    is_release = ": " in solution.root
    return solution.requirements[0] if is_release else solution.root.removeprefix("environment ")


def _nothing(lock: Lock, target: Target, root: str) -> Problem:
    reasons = {no.root: no.reason for no in lock.impossible if no.target == target.id}
    refused_root = next((name for name in (root, f"environment {root}") if name in reasons), "")
    if refused_root:
        return Problem(place=target.id, what=f"{root} is impossible there: {reasons[refused_root]}")
    if root:
        what = f"expected a requirement or environment of packages.yaml, got {root!r}"
        known = sorted({name for solution in lock.solutions for name in _names(solution)})
        hint = did_you_mean(root, known) or "wheelyard plan"
        return Problem(place=target.id, what=what, hint=hint)
    return Problem(place=target.id, what="nothing is locked for it")


def _several(
    versions: dict[NormalizedName, dict[Version, list[str]]], target: Target
) -> Iterator[Problem]:
    for project, roots_by_version in sorted(versions.items()):
        if len(roots_by_version) > 1:
            rows = sorted(roots_by_version.items())
            got = " and ".join(f"{version} for {', '.join(roots)}" for version, roots in rows)
            what = f"expected one version of {project}, got {got}"
            hint = f"--root {roots_by_version[max(roots_by_version)][0]}"
            yield Problem(place=target.id, what=what, hint=hint)
