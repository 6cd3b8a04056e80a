"""
What makes a run a release: a tag, and nothing else.

A push to a branch keeps its bundle as an artifact, and a merge request publishes nothing.
"""

import re
from typing import Final

from matrix.errors import Problem, UsageError

TAGS: Final = ("bundle-[0-9]*",)
"""
The tags of releases, as GitHub's patterns; the bundle's version follows the hyphen.

Not ``v1.2``: a repository may hold more than bundles (ours holds this tool) and tags it so.
"""

PATTERN: Final = "/^bundle-[0-9]/"
"""The same as a regular expression of GitLab."""

_TAG: Final = re.compile(r"bundle-([0-9][A-Za-z0-9._-]{0,63})")


def is_tag(tag: str) -> bool:
    """
    Whether ``tag`` is one of a release, as a pipeline's trigger takes it.

    >>> is_tag("bundle-2026.11.1"), is_tag("v1.2")
    (True, False)
    """
    return _TAG.fullmatch(tag) is not None


def parse_tag(tag: str) -> str:
    """
    The bundle's version of a release's ``tag``.

    >>> parse_tag("bundle-2026.11.1")
    '2026.11.1'
    """
    if not (match := _TAG.fullmatch(tag)):
        what = f"expected a tag such as 'bundle-2026.11.1', got {tag!r}"
        raise UsageError(Problem(place="release", what=what))
    return match[1]
