"""
What makes a run a release: a tag, and nothing else.

A push to a branch keeps its bundle as an artifact, and a merge request publishes nothing.
"""

import re
from typing import Final

from matrix.errors import Problem, UsageError

DEFAULT: Final = "bundle-"
"""
How tags of releases start unless the manifest says otherwise; the bundle's version follows.

Not ``v1.2``: a repository may hold more than bundles (ours holds this tool) and tags it so.
"""

_VERSION: Final = re.compile(r"[0-9][A-Za-z0-9._-]{0,63}")


def is_tag(tag: str, prefix: str = DEFAULT) -> bool:
    """
    Whether ``tag`` is one of a release, as a pipeline's trigger takes it.

    >>> is_tag("bundle-2026.11.1"), is_tag("v1.2"), is_tag("lab-1", "lab-")
    (True, False, True)
    """
    return tag.startswith(prefix) and bool(_VERSION.fullmatch(tag.removeprefix(prefix)))


def parse_tag(tag: str, prefix: str = DEFAULT) -> str:
    """
    The bundle's version of a release's ``tag``.

    >>> parse_tag("bundle-2026.11.1")
    '2026.11.1'
    """
    if not is_tag(tag, prefix):
        what = f"expected a tag such as '{prefix}2026.11.1', got {tag!r}"
        raise UsageError(Problem(place="release", what=what))
    return tag.removeprefix(prefix)
