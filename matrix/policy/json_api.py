"""
What an index's own JSON API says of vulnerabilities, release by release.

It is the older API beside the Simple one, not described by a PEP; indexes that have it answer
``<address><project>/<version>/json`` with a list of ``vulnerabilities``. Fails closed: an answer
that has no such list is an error and not good news.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.errors import IndexUnavailable, Problem
from matrix.policy.advisories import Finding, later

Get = Callable[[str, str], bytes | None]
"""Takes an address and what a message calls it; None when the server has nothing there."""


def known(address: str, get: Get) -> Callable[[NormalizedName, Version], Sequence[Finding]]:
    """Ask the API at ``address`` about one release at a time."""
    top = address if address.endswith("/") else f"{address}/"

    def of(project: NormalizedName, version: Version) -> Sequence[Finding]:
        url = f"{top}{project}/{version}/json"
        body = get(url, f"what is known of {project} {version}")
        if body is None:
            # Not on that server, so nobody can have judged it there: an internal project.
            return ()
        try:
            return _findings(json.loads(body)["vulnerabilities"], project, version)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = "expected JSON with a list of vulnerabilities, got something else"
            raise IndexUnavailable(Problem(place=url, what=what)) from error

    return of


def _findings(
    listed: Sequence[Mapping[str, Any]], project: NormalizedName, version: Version
) -> Sequence[Finding]:
    return sorted(
        Finding(
            project=project,
            version=str(version),
            ids=tuple(sorted({str(one["id"]), *map(str, one.get("aliases") or ())})),
            summary=str(one.get("summary") or one.get("details") or ""),
            fixed=later(map(str, one.get("fixed_in") or ()), than=str(version)),
        )
        for one in listed
        if not one.get("withdrawn")
    )
