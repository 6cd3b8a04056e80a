"""
Lanes: the cibuildwheel releases that together serve every interpreter.

Support for an old interpreter ends with some release, so one pin cannot do. The facts come from the
releases themselves (``matrix/data/lanes.json``, refreshed by ``nox -s pins``); an identifier
belongs to the newest lane that knows it.
"""

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Mapping

from matrix.targets.platform_tag import Family, PlatformTag
from matrix.targets.target import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One pinned cibuildwheel."""

    version: str
    identifiers: frozenset[str]
    images: Mapping[str, str]
    """Platform tag of the image's policy to image reference."""

    @property
    def id(self) -> str:
        """How jobs are named after it: ``cibw1``, ``cibw4``."""
        return f"cibw{self.version.partition('.')[0]}"

    @property
    def has_configuration_file(self) -> bool:
        """TOML configuration came with 2.0; before it only the environment is read."""
        return not self.version.startswith("1.")

    def image(self, floor: PlatformTag) -> str | None:
        """The newest pinned image whose wheels still run on ``floor``."""
        fitting = [
            (tag.floor, reference)
            for tag, reference in ((PlatformTag.parse(k), v) for k, v in self.images.items())
            if (tag.family, tag.arch) == (floor.family, floor.arch) and tag.floor <= floor.floor
        ]
        return max(fitting)[1] if fitting else None


@functools.cache
def lanes() -> tuple[Lane, ...]:
    """Every lane, newest first."""
    data = importlib.resources.files("matrix") / "data" / "lanes.json"
    loaded = json.loads(data.read_text(encoding="utf-8"))
    return tuple(
        Lane(
            version=entry["version"],
            identifiers=frozenset(entry["identifiers"]),
            images=dict(entry["images"]),
        )
        for entry in loaded["lanes"]
    )


def lane_of(target: Target) -> Lane | None:
    """The lane that builds for ``target``, or none: no cibuildwheel knows its identifier."""
    if target.platform.family is Family.WINDOWS and target.python.major == 2:  # noqa: PLR2004
        # 1.12.0 offers 2.7 on Windows only to who brings a compiler of his own (DISTUTILS_USE_SDK
        # and MSSdk).
        return None
    return next((lane for lane in lanes() if target.identifier in lane.identifiers), None)
