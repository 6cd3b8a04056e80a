"""
That two jobs mean the same plan.

A child pipeline makes the plan again, because it cannot be relied on to see its parent's files;
this is how it knows that it got the plan that its own jobs were made from.
"""

import hashlib

from matrix.errors import Problem, UsageError
from matrix.plan import planfile
from matrix.plan.model import Plan


def digest(plan: Plan) -> str:
    """The sha256 of ``plan.json``."""
    return hashlib.sha256(planfile.dump(plan).encode("utf-8")).hexdigest()


def require(plan: Plan, expected: str) -> None:
    """Raise ``UsageError`` unless ``plan`` has the digest ``expected``."""
    if (actual := digest(plan)) != expected:
        raise UsageError(
            Problem(
                place="plan",
                what=f"expected the plan with sha256 {expected}, got {actual}",
                hint="run the whole pipeline again: the index or the manifest changed under way",
            )
        )
