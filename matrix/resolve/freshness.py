"""Whether a lock is up to date with the manifest, without an index."""

from collections.abc import Iterable

from matrix.errors import LockError, Problem
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest
from matrix.policy import locked_rules
from matrix.resolve.lock import Lock
from matrix.resolve.lockfile import COMMAND
from matrix.resolve.roots import list_roots

_Roots = dict[tuple[str, tuple[str, ...]], set[str]]
"""Roots by name and requirements, and the targets where they are asked for or answered."""


def find_staleness(manifest: Manifest, lock: Lock) -> tuple[str, ...]:
    """Every difference between what the manifest requires and what the lock holds."""
    parts = (_targets, _roots, _sources, _builds, _policy)
    return tuple(what for part in parts for what in part(manifest, lock))


def _targets(manifest: Manifest, lock: Lock) -> Iterable[str]:
    known = {target.id: target for target in lock.targets}
    wanted = {target.id: target for target in manifest.all_targets}
    for name in sorted(known.keys() | wanted.keys()):
        if name not in known:
            yield f"target {name} is not locked"
        elif name not in wanted:
            yield f"target {name} is locked but not wanted"
        elif known[name].python != str(wanted[name].python):
            was, now = known[name].python, wanted[name].python
            yield f"target {name} is locked for {was}, wanted is {now}"


def _roots(manifest: Manifest, lock: Lock) -> Iterable[str]:
    wanted, answered = _collect_wanted(manifest, lock), _collect_answered(lock)
    known = {target.id for target in lock.targets}
    current = {target.id for target in manifest.all_targets}
    yield from _missing(wanted, answered, known, "is not locked on")
    yield from _missing(answered, wanted, current, "is locked but not wanted on")


def _collect_wanted(manifest: Manifest, lock: Lock) -> _Roots:
    wanted: _Roots = {}
    roots = tuple(list_roots(manifest, lock))
    # By identity: most roots share one tuple, and comparing targets takes longer than all the rest.
    tuples = {id(each.targets): each.targets for each in roots}
    named = {key: {target.id for target in targets} for key, targets in tuples.items()}
    for each in roots:
        wanted.setdefault((each.root.name, each.root.texts), set()).update(named[id(each.targets)])
    return wanted


def _collect_answered(lock: Lock) -> _Roots:
    answered: _Roots = {}
    for solution in lock.solutions:
        key = (solution.root, solution.requirements)
        answered.setdefault(key, set()).update(solution.targets)
    for no in lock.impossible:
        answered.setdefault((no.root, no.requirements), set()).add(no.target)
    return answered


def _missing(here: _Roots, there: _Roots, among: set[str], what: str) -> Iterable[str]:
    """What roots have ``here`` and not ``there``."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for (root, requirements), targets in sorted(here.items()):
        if missing := (targets - there.get((root, requirements), set())) & among:
            grouped.setdefault(requirements, []).extend(sorted(missing))
    for requirements, names in grouped.items():
        yield f"{', '.join(requirements)} {what} {', '.join(names)}"


def _sources(manifest: Manifest, lock: Lock) -> Iterable[str]:
    built = {package.project for package in manifest.packages if package.source == "build"}
    for file in lock.files:
        if file.is_wheel and file.project in built:
            yield f"{file.filename} is locked, but {file.project} has `source: build`"


def _builds(manifest: Manifest, lock: Lock) -> Iterable[str]:
    """Recipes that ask for other things than the locked builds install."""
    projects = {file.filename: file.project for file in lock.files if not file.is_wheel}
    key_by_project: dict[str, str] = {}
    for build in lock.builds:
        recipe = find_recipe(manifest, projects[build.sdist])
        if build.constraints != tuple(sorted(recipe.requires)):
            key_by_project[projects[build.sdist]] = "requires"
        elif build.tested != tuple(sorted(recipe.test.requires)):
            key_by_project[projects[build.sdist]] = "test.requires"
    for project, key in sorted(key_by_project.items()):
        yield f"recipes.{project}.{key} is not what the lock was made for"
    for sdist in sorted(projects.keys() - {build.sdist for build in lock.builds}):
        yield f"the build requirements of {sdist} are not locked"


def _policy(manifest: Manifest, lock: Lock) -> Iterable[str]:
    held = {file.project for file in lock.files} | {file.project for file in lock.build_files}
    return locked_rules.find_staleness(manifest.policy, locked_under=lock.policy, held=held)


def require_fresh(manifest: Manifest, lock: Lock | None, *, source: str) -> Lock:
    """Return ``lock`` if it is up to date; raise ``LockError`` with every difference otherwise."""
    if lock is None:
        raise LockError(Problem(place=source, what="not found", hint=COMMAND))
    if differences := find_staleness(manifest, lock):
        problems = [Problem(place=source, what=what, hint=COMMAND) for what in differences]
        raise LockError(*problems)
    return lock
