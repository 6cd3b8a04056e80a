"""Whether a lock still answers the manifest; nobody asks an index."""

from collections.abc import Iterable

from matrix.errors import LockError, Problem
from matrix.manifest.model import Manifest
from matrix.policy import locked
from matrix.resolve.lock import Lock
from matrix.resolve.lockfile import COMMAND
from matrix.resolve.roots import wanted as wanted_roots

_Roots = dict[tuple[str, tuple[str, ...]], set[str]]
"""Roots by name and requirements, and the targets where they are asked for or answered."""


def staleness(manifest: Manifest, lock: Lock) -> tuple[str, ...]:
    """
    What the manifest asks for and the lock does not answer, and the reverse; nothing when they
    agree.
    """
    parts = (_targets, _roots, _sources, _builds, _policy)
    return tuple(said for part in parts for said in part(manifest, lock))


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
    wanted, answered = _wanted(manifest, lock), _answered(lock)
    known = {target.id for target in lock.targets}
    current = {target.id for target in manifest.all_targets}
    yield from _missing(wanted, answered, known, "is not locked on")
    yield from _missing(answered, wanted, current, "is locked but not wanted on")


def _wanted(manifest: Manifest, lock: Lock) -> _Roots:
    wanted: _Roots = {}
    roots = tuple(wanted_roots(manifest, lock))
    # By identity: most roots share one tuple, and comparing targets takes longer than all the rest.
    tuples = {id(each.targets): each.targets for each in roots}
    named = {key: {target.id for target in targets} for key, targets in tuples.items()}
    for each in roots:
        wanted.setdefault((each.root.name, each.root.asked), set()).update(named[id(each.targets)])
    return wanted


def _answered(lock: Lock) -> _Roots:
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
    told: dict[str, str] = {}
    for build in lock.builds:
        recipe = manifest.recipe(projects[build.sdist])
        if build.asked != tuple(sorted(recipe.requires)):
            told[projects[build.sdist]] = "requires"
        elif build.tested != tuple(sorted(recipe.test.requires)):
            told[projects[build.sdist]] = "test.requires"
    for project, key in sorted(told.items()):
        yield f"recipes.{project}.{key} is not what the lock was made for"
    for sdist in sorted(projects.keys() - {build.sdist for build in lock.builds}):
        yield f"the build requirements of {sdist} are not locked"


def _policy(manifest: Manifest, lock: Lock) -> Iterable[str]:
    held = {file.project for file in lock.files} | {file.project for file in lock.build_files}
    return locked.staleness(manifest.policy, locked_under=lock.policy, held=held)


def fresh(manifest: Manifest, lock: Lock | None, *, source: str) -> Lock:
    """``lock``, provided that it answers the manifest; raises ``LockError`` with what it lacks."""
    if lock is None:
        raise LockError(Problem(place=source, what="is not there", hint=COMMAND))
    if said := staleness(manifest, lock):
        problems = [Problem(place=source, what=what, hint=COMMAND) for what in said]
        raise LockError(*problems)
    return lock
