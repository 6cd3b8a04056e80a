"""The CI services that run the pipelines, as ``packages.yaml`` describes them."""

import dataclasses
from collections.abc import Mapping
from typing import Final, Literal

from matrix.manifest.describing import Bounds, key, mapping
from matrix.manifest.describing import line as _line

ActionName = Literal["attest", "checkout", "download-artifact", "setup-python", "upload-artifact"]

_BRANCH: Final = Bounds(
    pattern="[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)*",
    expected="a branch: letters, digits and . _ - /",
)
_REFERENCE: Final = Bounds(
    pattern=r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+@[0-9a-f]{40}( # [A-Za-z0-9._+-]+)?",
    expected="OWNER/NAME@ and the 40 digits of a commit, as in 'actions/checkout@... # v6.0.2'",
)
_KEY: Final = Bounds(pattern="[0-9a-f]{64}", expected="64 hexadecimal digits")


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
    branch: str = key(
        "The default branch: pushes to it are built, and releases are made from it.",
        default="main",
        bounds=_BRANCH,
    )
    forks: Literal["hosted", "build"] = key(
        "What a pull request from a fork runs on: GitHub's own runners alone, or all runners.",
        default="hosted",
    )
    attest: bool = key(
        "Whether a release has GitHub's attestation of where its record was made.", default=False
    )
    actions: Mapping[ActionName, str] = mapping(
        "Action to its reference, instead of the pinned one.", bounds=Bounds(items=_REFERENCE)
    )
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitLab:
    """The GitLab instance that runs the pipeline."""

    artifact_megabytes: int = key(
        "Maximum artifacts size of the instance; 100 when left out, as self-managed ones have it.",
        name="artifact-megabytes",
        default=0,
        bounds=Bounds(least=1),
    )
    store_key: str = key(
        "The public key of the store: runs reuse what was signed with its secret.",
        name="store-key",
        default="",
        bounds=_KEY,
    )
