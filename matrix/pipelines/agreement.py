"""
That two jobs mean the same plan.

A plan reaches another job as an artifact, which a job of the same run can replace, or is made again
by a child pipeline, for which index or manifest may have changed. Its digest travels another way:
as an output of the planning job, or in the text of the child pipeline.
"""

import hashlib
from typing import TYPE_CHECKING

from matrix.errors import Problem, UsageError

if TYPE_CHECKING:
    from matrix.plan.model import Plan


def digest_plan(plan: "Plan") -> str:
    """The sha256 of ``plan.json``."""
    # ``check`` reads the facts of the services and has no plan.
    from matrix.plan import planfile  # noqa: PLC0415

    return digest_text(planfile.dump(plan))


def digest_text(text: str) -> str:
    """The sha256 of a plan's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def require_digest(text: str, expected: str) -> None:
    """Raise ``UsageError`` unless a plan's ``text`` has the digest ``expected``."""
    if (actual := digest_text(text)) != expected:
        raise UsageError(
            Problem(
                place="plan",
                what=f"expected the plan with sha256 {expected}, got {actual}",
                hint="run the whole pipeline again: index, manifest or artifact changed meanwhile",
            )
        )
