"""Checks of ``policy:`` beyond its types."""

from collections.abc import Callable, Iterator

from packaging.utils import canonicalize_name

from matrix.errors import Problem
from matrix.manifest.policy import Licences, Policy

Say = Callable[..., Problem]
"""Takes a line, what is wrong, and a hint."""


def problems(policy: Policy, say: Say) -> Iterator[Problem]:
    """Rules that can never match, or that cannot be checked."""
    if policy.vulnerabilities.action == "fail" and not policy.advisories:
        what = "policy.vulnerabilities: expected policy.advisories, the source of vulnerabilities"
        yield say(policy.line, what, "add `policy: {advisories: osv.zip}`")
    if policy.cooldown.exempt and policy.cooldown.age is None:
        what = "policy.cooldown: expected `age`, from which `except` exempts projects"
        yield say(policy.line, what, "add `age: 7 days`")
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
            what = f"policy.licences.{place}: {text!r} is not a valid SPDX expression"
            yield say(rules.line, what, "see https://spdx.org/licenses/")
