"""``check`` and ``lock``."""

import argparse
import json

from packaging.utils import NormalizedName, canonicalize_name

from matrix.cli.session import Session, read_text, result
from matrix.errors import Impossible, ManifestError, Problem, UsageError
from matrix.pipelines import labels
from matrix.report import locks
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock
from matrix.resolve.resolving import resolve


def check(session: Session, asked: argparse.Namespace) -> None:
    """Read the manifest, judge its runners as of today, and compare the lock with it."""
    manifest = session.manifest
    warnings, errors = labels.problems(manifest, session.now.date())
    for warning in warnings:
        session.reporter.say(f"warning: {warning}")
    if errors:
        raise ManifestError.of(errors)
    lock = session.lock()
    facts = {
        "requirements": len(manifest.packages),
        "targets": len(manifest.all_targets),
        "locked": len(lock.files),
        "impossible": len(lock.impossible),
    }
    told = ", ".join(f"{count} {what}" for what, count in facts.items())
    result(json.dumps(facts) if asked.json else f"{manifest.source}: {told}")


def lock(session: Session, asked: argparse.Namespace) -> None:
    """Check the lock, or bring it up to date and show what changed."""
    if asked.check:
        check(session, asked)
        return
    old = lockfile.load(session.lock_path, understood=lockfile.READABLE)
    upgrade = _upgrade(asked.upgrade, old)
    new = relock(session, old, upgrade=upgrade)
    text = lockfile.dump(new)
    if old is None or read_text(session.lock_path) != text:
        session.write(session.lock_path, text)
    if asked.json:
        result(text)
    else:
        result(locks.difference(old, new) + "\n".join(locks.summary(new)))
    refuse_unsolved(new)


def relock(
    session: Session, old: Lock | None, *, upgrade: frozenset[NormalizedName] | None = frozenset()
) -> Lock:
    """
    A lock that answers the manifest; versions move only where they must, or where ``upgrade`` lets
    them.
    """
    kept = lockfile.pins(old, upgrade=upgrade)
    return resolve(session.manifest, session.index, pins=kept, reporter=session.reporter)


def refuse_unsolved(lock: Lock) -> None:
    """Raise ``Impossible`` when some requirement has no solution on one of its targets."""
    if problems := lockfile.unsolved(lock):
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
