"""The keys by which a house runs its pipelines, on every CI service."""

import dataclasses
from typing import Final, Literal

from matrix.manifest.describing import Bounds, key
from matrix.manifest.describing import line as where

LONGEST_RETENTION: Final = 3650
"""Days. A service with a lower limit of its own has it in ``data/limits.json``."""

_DAYS: Final = Bounds(least=1, most=LONGEST_RETENTION)
SECRET: Final = Bounds(
    pattern="[A-Z_][A-Z0-9_]{0,99}",
    expected="the name of a secret: capitals, digits and underscores",
)
ENVIRONMENT: Final = Bounds(
    pattern="[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
    expected="the name of an environment: letters, digits and . _ -",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many days the CI service keeps the artifacts of a pipeline."""

    wheels: int = key(
        "Built wheels and the store's index; later runs reuse them.", default=60, bounds=_DAYS
    )
    bundles: int = key(
        "Bundles of the default branch; those of a tag are kept for at least 30 days.",
        default=30,
        bounds=_DAYS,
    )
    reports: int = key("Plans, reports and logs.", default=14, bounds=_DAYS)
    merge_requests: int = key(
        "Wheels of merge requests, which keep no bundle.",
        name="merge-requests",
        default=7,
        bounds=_DAYS,
    )
    line: int = where()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Where the pipeline signs a release: in a job of its own, between bundle and publish."""

    secret: str = key(
        "Name of the secret or variable that holds the signing key.",
        shorthand=True,
        bounds=SECRET,
    )
    environment: str = key(
        "The protected environment that the secret belongs to.",
        default="signing",
        bounds=ENVIRONMENT,
    )
    line: int = where()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """The account that pushes a refreshed lock and opens merge requests."""

    token: str = key(
        "Name of the secret that holds a token of an app or of a person.",
        shorthand=True,
        bounds=SECRET,
    )
    line: int = where()


MergeRequests = Literal["plan", "build"]
Schedule = Literal["weekly", "off"]
Untested = Literal["build", "refuse"]

JOB_TOKENS: Final = ("CI_JOB_TOKEN", "GITHUB_TOKEN")
"""Tokens that a service makes for a job: what they push starts no pipeline."""
RELEASE_DAYS: Final = 30
"""The longest that an approval of a release may wait."""
