"""The CI services that run the pipelines, as ``packages.yaml`` describes them."""

import dataclasses
from typing import Literal

from matrix.manifest.describing import Bounds, key


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """The GitHub instance that runs the workflow."""

    dialect: Literal["github.com", "enterprise-server"] = key(
        "enterprise-server has no hosted runners and the older artifact service.",
        default="github.com",
    )
    labels: tuple[str, ...] = key(
        "Labels of your own runners; when given, a label that is not listed is an error.",
        default=(),
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitLab:
    """The GitLab instance that runs the pipeline."""

    artifact_megabytes: int = key(
        "Maximum artifacts size of the instance; 100 when left out, as self-managed ones have it.",
        name="artifact-megabytes",
        default=0,
        bounds=Bounds(least=1),
    )
