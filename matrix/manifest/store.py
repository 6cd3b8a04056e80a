"""The key ``store`` of the manifest: where built wheels are kept between pipeline runs."""

import dataclasses
from typing import Final, Literal

from matrix.manifest.describing import Bounds, key

_PATH: Final = Bounds(pattern=r"\S[\s\S]*", expected="a directory")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoreKinds:
    """Where each CI service keeps built wheels between runs; a directory is for both."""

    github: Literal["artifacts", "none"] = key(
        "The artifacts of the repository's own runs, or no store.", default="artifacts"
    )
    gitlab: Literal["packages", "none"] = key(
        "The package registry of the project, or no store.", default="packages"
    )
    directory: str = key(
        "A directory that the runners share, instead of the provider's own.",
        default="",
        bounds=_PATH,
    )
