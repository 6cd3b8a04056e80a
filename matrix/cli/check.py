"""
``check``: the manifest and its lock, without network.

Hooks and editors check often, so the resolver, and what only some manifests need, is imported
where it is used.
"""

import argparse
import dataclasses
import json
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session
from matrix.edge.quantities import count
from matrix.errors import ManifestError
from matrix.pipelines import providers

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
    Read the manifest, judge its runners as of today, and compare the lock with it; what the lock
    calls impossible is an error, as it is for ``lock`` and ``plan``.
    """
    manifest = session.manifest
    warnings, errors = providers.judge_runners(manifest, session.now.date())
    for warning in warnings:
        session.warn(warning)
    if errors:
        raise ManifestError.of(errors)
    session.check_manifest()
    lock = session.lock()
    if manifest.policy.advisories:
        from matrix.cli import policy_rules  # noqa: PLC0415 - see above

        policy_rules.recheck(session, lock)
    if arguments.recipes:
        from matrix.cli import recipe_check  # noqa: PLC0415 - see above

        recipe_check.warn(session)
    facts = {
        "requirements": len(manifest.packages),
        "targets": len(manifest.all_targets),
        "locked": len(lock.files),
        "impossible": len(lock.impossible),
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
    session.refuse_impossible(lock)
