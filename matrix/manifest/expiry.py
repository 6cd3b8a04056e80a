"""
Exclusions whose last day is near or past.

An exclusion without an end is forgotten: ``until`` makes its author look again. It is warned of for
thirty days, and an error afterwards, so that nothing is left out silently for ever.
"""

import datetime
from collections.abc import Iterator
from typing import Final

from matrix.errors import Problem
from matrix.manifest.model import Exclusion, Manifest

NOTICE: Final = datetime.timedelta(days=30)


def find_expired(manifest: Manifest, today: datetime.date) -> tuple[Problem, ...]:
    """A problem for each exclusion whose last day is before ``today``."""
    return tuple(
        Problem(
            place=manifest.source,
            line=rule.line,
            what=f"the exclusion of {name} from {rule.target!r} ended on {until}: {rule.reason}",
            hint="remove the exclusion, or set a later `until`",
        )
        for name, rule, until in _find_dated(manifest)
        if until < today
    )


def find_expiring(manifest: Manifest, today: datetime.date) -> tuple[Problem, ...]:
    """A problem for each exclusion whose last day is ``today`` or within thirty days of it."""
    return tuple(
        Problem(
            place=manifest.source,
            line=rule.line,
            what=f"the exclusion of {name} from {rule.target!r} ends on {until}: {rule.reason}",
        )
        for name, rule, until in _find_dated(manifest)
        if today <= until <= today + NOTICE
    )


def _find_dated(manifest: Manifest) -> Iterator[tuple[str, Exclusion, datetime.date]]:
    for package in manifest.packages:
        for rule in package.exclude:
            if rule.until is not None:
                yield package.requirement.name, rule, rule.until
