"""Whether a lock still answers the manifest; nobody asks an index."""

from collections.abc import Iterable

from matrix.errors import LockError, Problem
from matrix.manifest.model import Manifest
from matrix.policy import locked
from matrix.resolve.lock import Lock
from matrix.resolve.lockfile import COMMAND
from matrix.resolve.roots import wanted as wanted_roots


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
    ids = {target.id for target in lock.targets}
    names = {target: target.id for target in manifest.all_targets}
    asked = [(each, each.root.asked) for each in wanted_roots(manifest, lock)]
    wanted = {
        (each.root.name, requirements, names[target])
        for each, requirements in asked
        for target in each.targets
        if names[target] in ids
    }
    answered = {(s.root, s.requirements, t) for s in lock.solutions for t in s.targets}
    answered |= {(no.root, no.requirements, no.target) for no in lock.impossible}
    current = set(names.values())
    yield from _by_root(wanted - answered, "is not locked on")
    yield from _by_root(
        {row for row in answered - wanted if row[2] in current}, "is locked but not wanted on"
    )


def _by_root(rows: set[tuple[str, tuple[str, ...], str]], what: str) -> Iterable[str]:
    grouped: dict[tuple[str, ...], list[str]] = {}
    for _, requirements, target in sorted(rows):
        grouped.setdefault(requirements, []).append(target)
    for requirements, targets in grouped.items():
        yield f"{', '.join(requirements)} {what} {', '.join(targets)}"


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
