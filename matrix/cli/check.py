"""
``check``: the manifest and its lock, without network.

Hooks and editors check often, so the resolver, and what only some manifests need, is imported
where it is used.
"""

import argparse
import dataclasses
import json
from collections.abc import Iterable
from typing import Final

from matrix.cli import stale_lock
from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.edge.quantities import count
from matrix.errors import ManifestError, Problem, UsageError
from matrix.pipelines import providers, run_checks

DESCRIPTION: Final = (
    "Read packages.yaml, judge its runners as of today, and compare packages.lock with "
    "it, without network. What the lock calls impossible is an error."
)
EXAMPLES: Final = ("wheelyard check", "wheelyard check --recipes")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    recipes: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipes",
        action="store_true",
        help="warn of lines in recipes that match nothing; reads releases from the index",
    )


def run(session: Session, arguments: Arguments) -> None:
    """
    Read the manifest, judge runners and run as of today, and compare the lock with it; what the
    lock calls impossible is an error, as it is for ``lock`` and ``plan``.

    In a merge request a stale lock is a warning: ``plan`` offers the new one, and the last job of
    the pipeline is red.
    """
    _check(session, arguments, is_stale_allowed=stale_lock.is_tolerated(session))


def check_lock(session: Session, common: Common) -> None:
    """The same, where a stale lock is an error unless the policy says otherwise."""
    is_allowed = not stale_lock.is_refused(session)
    _check(session, Arguments(common=common), is_stale_allowed=is_allowed)


def _check(session: Session, arguments: Arguments, *, is_stale_allowed: bool) -> None:
    manifest = session.manifest
    _judge_runners(session)
    session.check_manifest()
    lock = session.present_lock()
    differences = stale_lock.list_differences(session, lock)
    if not is_stale_allowed:
        lock = session.lock()
    elif differences:
        _warn_of_staleness(session, differences)
    if lock is not None and manifest.policy.advisories:
        from matrix.cli import policy_rules  # noqa: PLC0415 - see above

        policy_rules.recheck(session, lock)
    if arguments.recipes:
        from matrix.cli import recipe_check  # noqa: PLC0415 - see above

        recipe_check.warn(session)
    facts = {
        "requirements": len(manifest.packages),
        "targets": len(manifest.all_targets),
        "locked": len(lock.files) if lock else 0,
        "impossible": len(lock.impossible) if lock else 0,
    }
    counts = ", ".join(
        (
            count(facts["requirements"], "requirement"),
            count(facts["targets"], "target"),
            f"{facts['locked']} locked",
            f"{facts['impossible']} impossible",
        )
    )
    session.show(json.dumps(facts) if arguments.common.json else f"{manifest.source}: {counts}")
    # What a stale lock calls impossible may be mended by this very change.
    if lock is not None and not differences:
        session.refuse_impossible(lock)


def _judge_runners(session: Session) -> None:
    """Warn of what is doubtful in runners and run, and raise what is wrong with either."""
    manifest, facts = session.manifest, session.run_facts
    warnings, errors = providers.judge_runners(manifest, session.now.date())
    if facts is not None:
        warnings += run_checks.find_warnings(manifest, facts)
    for warning in warnings:
        session.warn(warning)
    if errors:
        raise ManifestError.of(errors)
    if facts is not None:
        problems = run_checks.find_errors(manifest, facts, session.environment)
        if problems:
            raise UsageError.of(problems)


def _warn_of_staleness(session: Session, differences: Iterable[str]) -> None:
    for what in differences:
        place = session.lock_path.name
        session.warn(Problem(place=place, what=what, hint="wheelyard lock"))
