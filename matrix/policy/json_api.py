"""
The vulnerabilities of a release, from an index's JSON API.

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
from matrix.policy.advisories import Vulnerability, select_later

Get = Callable[[str, str], bytes | None]
"""Takes an address and what a message calls it; None when the server has nothing there."""


def look_up(address: str, get: Get) -> Callable[[NormalizedName, Version], Sequence[Vulnerability]]:
    """A function from one release to its vulnerabilities in the API at ``address``."""
    top = address if address.endswith("/") else f"{address}/"

    def of(project: NormalizedName, version: Version) -> Sequence[Vulnerability]:
        url = f"{top}{project}/{version}/json"
        body = get(url, f"the vulnerabilities of {project} {version}")
        if body is None:
            # Not on that server, which therefore has no advisories of it: an internal project.
            return ()
        try:
            return _parse_vulnerabilities(json.loads(body)["vulnerabilities"], project, version)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            what = "expected JSON with a list of vulnerabilities, got something else"
            raise IndexUnavailable(Problem(place=url, what=what)) from error

    return of


def _parse_vulnerabilities(
    entries: Sequence[Mapping[str, Any]], project: NormalizedName, version: Version
) -> Sequence[Vulnerability]:
    return sorted(
        Vulnerability(
            project=project,
            version=str(version),
            ids=tuple(sorted({str(entry["id"]), *map(str, entry.get("aliases") or ())})),
            summary=str(entry.get("summary") or entry.get("details") or ""),
            fixed=select_later(map(str, entry.get("fixed_in") or ()), than=str(version)),
        )
        for entry in entries
        if not entry.get("withdrawn")
    )
