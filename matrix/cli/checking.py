"""
``check``, and which ``lock`` is meant.

Hooks and editors check often: the resolver, and what only some manifests need, is imported for
those who ask for it.
"""

import argparse
import json

from matrix.cli.parser import Verb
from matrix.cli.session import Session, result
from matrix.errors import ManifestError
from matrix.pipelines import labels


def check(session: Session, asked: argparse.Namespace) -> None:
    """Read the manifest, judge its runners as of today, and compare the lock with it."""
    manifest = session.manifest
    warnings, errors = labels.problems(manifest, session.now.date())
    for warning in warnings:
        session.reporter.say(f"warning: {warning}")
    if errors:
        raise ManifestError.of(errors)
    lock = session.lock()
    if manifest.policy.advisories:
        from matrix.cli import policing  # noqa: PLC0415 - see above

        policing.recheck(session, lock)
    if asked.recipes:
        Verb("recipes", "lint")(session, asked)
    facts = {
        "requirements": len(manifest.packages),
        "targets": len(manifest.all_targets),
        "locked": len(lock.files),
        "impossible": len(lock.impossible),
    }
    told = ", ".join(f"{count} {what}" for what, count in facts.items())
    result(json.dumps(facts) if asked.json else f"{manifest.source}: {told}")


def lock(session: Session, asked: argparse.Namespace) -> None:
    """Check, compare or export the lock; else make it anew."""
    if asked.check:
        check(session, asked)
    elif asked.diff is not None:
        Verb("history", "diff")(session, asked)
    elif asked.export:
        Verb("exporting", "export")(session, asked)
    else:
        session.begin_to_ask_pip()
        Verb("locking", "lock")(session, asked)
