"""What the types of ``policy:`` cannot say."""

from collections.abc import Callable, Iterator

from packaging.utils import canonicalize_name

from matrix.errors import Problem
from matrix.manifest.policy import Licences, Policy

Say = Callable[..., Problem]
"""Takes a line, what is wrong, and a hint."""


def problems(policy: Policy, say: Say) -> Iterator[Problem]:
    """Rules that could never hold for anything, or that nobody could check."""
    if policy.vulnerabilities.found == "fail" and not policy.advisories:
        what = "policy.vulnerabilities: expected policy.advisories, which says what is known"
        yield say(policy.line, what, "advisories: osv.zip")
    patterns = [
        *(("cooldown.except", each) for each in policy.cooldown.exempt),
        *(("licences.except", each) for each in policy.licences.known),
        *(("projects.allow", each) for each in policy.projects.allow),
        *(("projects.deny", each.project) for each in policy.projects.deny),
    ]
    for place, pattern in patterns:
        if pattern != canonicalize_name(pattern):
            what = f"policy.{place}: {pattern!r} is not a normalized name"
            yield say(policy.line, what, f"write {canonicalize_name(pattern)!r}")
    yield from _licences(policy.licences, say)


def _licences(rules: Licences, say: Say) -> Iterator[Problem]:
    # SPDX's list takes time to import, and few manifests judge licences.
    from packaging.licenses import (  # noqa: PLC0415
        InvalidLicenseExpression,
        canonicalize_license_expression,
    )

    named = [("allow", each) for each in rules.allow] + [("deny", each) for each in rules.deny]
    stated = [(f"except.{project}", text) for project, text in rules.known.items()]
    for place, text in [*(row for row in named if not {*row[1]} & {"*", "?"}), *stated]:
        try:
            canonicalize_license_expression(text)
        except InvalidLicenseExpression:
            what = f"policy.licences.{place}: {text!r} is no SPDX expression"
            yield say(rules.line, what, "see https://spdx.org/licenses/")
