"""
Whether an older lock still obeys the policy, without any network.

Project lists are held against the lock itself. Ages, licences and vulnerabilities are not: a digest
of those rules stands in the lock, so that changing one asks for a new lock, and the day does not.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator

from matrix.manifest.policy import DYNAMIC_METADATA, Licences, Policy, Vulnerabilities
from matrix.policy import projects


def digest(policy: Policy) -> str:
    """The rules that a lock does not show, as a sha256 in hex; empty when there are none."""
    cooldown = policy.cooldown
    rules = {
        "cooldown": (str(cooldown.age), sorted(cooldown.exempt)) if cooldown.age else (),
        "licences": _licences(policy.licences),
        "vulnerabilities": _vulnerabilities(policy.vulnerabilities),
    }
    if policy.dynamic_metadata != "believe":
        rules["dynamic-metadata"] = (policy.dynamic_metadata,)
    if not any(rules.values()):
        return ""
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def _licences(rules: Licences) -> tuple[object, ...]:
    # Rules that only warn refuse nothing.
    if not (rules.allow or rules.deny or rules.when_unknown == "fail"):
        return ()
    return sorted(rules.allow), sorted(rules.deny), rules.when_unknown, sorted(rules.known.items())


def _vulnerabilities(rules: Vulnerabilities) -> tuple[object, ...]:
    if rules.action != "fail":
        return ()
    return rules.action, sorted((each.id, str(each.until or "")) for each in rules.accepted)


def is_binding(policy: Policy) -> bool:
    """Whether the policy refuses anything at all."""
    refusing = dataclasses.replace(policy, dynamic_metadata="believe")
    return bool(digest(refusing) or policy.projects.allow or policy.projects.deny)


def find_staleness(policy: Policy, *, locked_under: str, held: Iterable[str]) -> Iterator[str]:
    """
    What makes a lock older than ``policy``: ``locked_under`` is the digest that it carries, and
    ``held`` are the projects that it holds.
    """
    for why in projects.refusals(held, policy.projects):
        yield f"locked, but {why}"
    if locked_under == digest(policy):
        return
    others = (dataclasses.replace(policy, dynamic_metadata=each) for each in DYNAMIC_METADATA)
    if locked_under in map(digest, others):
        yield "the lock was made under another policy.dynamic-metadata"
    else:
        yield "the lock was made under another policy (cooldown, licences or vulnerabilities)"
