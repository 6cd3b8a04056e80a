"""``lock`` where it makes a new one; ``checking`` has what leaves it alone."""

import argparse
import contextlib
import dataclasses
import gc
from collections.abc import Iterator

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.cli import policing
from matrix.cli.session import Session, read_text, result
from matrix.errors import Impossible, Problem, UsageError
from matrix.manifest.policy import Policy
from matrix.policy import locked
from matrix.report import locks
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock
from matrix.resolve.metadata_builder import MetadataBuilder
from matrix.resolve.resolving import resolve


def lock(session: Session, asked: argparse.Namespace) -> None:
    """Bring the lock up to date and show what changed."""
    old = lockfile.load_to_renew(session.lock_path)
    upgrade = _upgrade(asked.upgrade, old)
    new = relock(session, old, upgrade=upgrade)
    text = lockfile.dump(new)
    if old is None or read_text(session.lock_path) != text:
        session.write(session.lock_path, text)
    if asked.json:
        result(text)
    else:
        result(locks.list_changes(old, new) + "\n".join(locks.summary(new)))
    refuse_unsolved(session, new)


def relock(
    session: Session, old: Lock | None, *, upgrade: frozenset[NormalizedName] | None = frozenset()
) -> Lock:
    """
    A lock that answers the manifest; versions move only where they must, or where ``upgrade`` lets
    them.
    """
    kept = lockfile.pins(old, upgrade=upgrade)
    with policing.rules(session) as rules, _uncollected():
        new = resolve(
            session.manifest,
            session.index,
            pins=kept,
            reporter=session.reporter,
            rules=rules,
            kept=None if upgrade is None else old,
            metadata_builder=_metadata_builder(session),
        )
    new = dataclasses.replace(new, policy=locked.digest(session.manifest.policy))
    for why in rules.passed_over(_releases(new)):
        session.reporter.say(why)
    for doubt in (*rules.warnings(_releases(new)), *_loose_ends(session.manifest.policy, new)):
        session.reporter.say(f"warning: {doubt}")
    return new


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """
    Let nobody look for cycles meanwhile, nor among what is left afterwards: what a lock is made of
    has none, and looking at all of it again and again takes a tenth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _metadata_builder(session: Session) -> MetadataBuilder | None:
    """Who builds metadata, where the manifest lets anybody do it."""
    where = session.manifest.policy.dynamic_metadata
    if where == "believe":
        return None
    from matrix.builds.metadata import MetadataBuilds  # noqa: PLC0415 - few policies build
    from matrix.cli import building  # noqa: PLC0415 - the same
    from matrix.index.cache import Cache  # noqa: PLC0415 - the same

    return MetadataBuilds(
        building.reaching(session),
        where=where,
        workspace=building.workshop(session),
        cache=Cache(session.cache / "index"),
        offline=session.offline,
    )


def _loose_ends(policy: Policy, lock: Lock) -> Iterator[str]:
    """Builds whose requirements are not locked, and so escape a policy that there is."""
    for build in lock.builds if locked.binds(policy) else ():
        if build.reason:
            where = ", ".join(build.targets)
            yield f"{build.sdist}: no policy holds for what its build installs on {where}: " + (
                build.reason
            )


def _releases(lock: Lock) -> list[tuple[NormalizedName, Version]]:
    installed = {(file.project, file.version) for file in lock.files}
    return sorted(installed | {(file.project, file.version) for file in lock.build_files})


def refuse_unsolved(session: Session, lock: Lock) -> None:
    """Raise ``Impossible`` when some requirement has no solution on one of its targets."""
    if problems := lockfile.unsolved(lock, session.manifest):
        raise Impossible(*problems)


def _upgrade(named: list[str] | None, old: Lock | None) -> frozenset[NormalizedName] | None:
    if named is None:
        return frozenset()
    if not named:
        return None
    projects = frozenset(canonicalize_name(name) for name in named)
    known = {file.project for file in old.files} if old else set()
    if old and (unknown := sorted(projects - known)):
        what = f"--upgrade: {', '.join(unknown)} is not in the lock"
        raise UsageError(Problem(place="lock", what=what, hint="python -m matrix explain PROJECT"))
    return projects
