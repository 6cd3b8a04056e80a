"""
Lanes: the cibuildwheel releases that together serve every interpreter.

Support for an old interpreter ends with some release, so one pin cannot do. The facts come from the
releases themselves (``matrix/data/lanes.json``, refreshed by ``nox -s pins``); a target belongs to
the newest lane that knows its identifier and, for PyPy, builds for its ABI.
"""

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Iterable, Mapping

from matrix.targets.platform_tag import PlatformTag
from matrix.targets.target import Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One pinned cibuildwheel."""

    version: str
    identifiers: frozenset[str]
    images: Mapping[str, str]
    """Platform tag of the image's policy to image reference."""
    pypy_images: Mapping[str, str]
    """The same for PyPy; only 1.12.0 has an image of its own for it."""
    abis: Mapping[str, str]
    """``pp311`` to the ABI tag of the PyPy that it builds with."""
    groups: tuple[str, ...]
    """What ``enable`` must name before it builds for some of ``identifiers``."""

    @property
    def id(self) -> str:
        """How jobs are named after it: ``cibw1``, ``cibw4``."""
        return f"cibw{self.version.partition('.')[0]}"

    def image(self, floor: PlatformTag, *, is_pypy: bool = False) -> str | None:
        """The newest pinned image whose wheels still run on ``floor``."""
        images = self.pypy_images if is_pypy else self.images
        fitting = [
            (tag.floor, reference)
            for tag, reference in ((PlatformTag.parse(k), v) for k, v in images.items())
            if (tag.family, tag.arch) == (floor.family, floor.arch) and tag.floor <= floor.floor
        ]
        return max(fitting)[1] if fitting else None

    def enable(self, identifiers: Iterable[str]) -> tuple[str, ...]:
        """
        The groups to enable before it builds ``identifiers``; none for the usual CPythons.

        More than the identifiers need is no harm: they alone are selected.
        """
        interpreters = (name.partition("-")[0] for name in identifiers)
        unusual = any(name.startswith("pp") or name.endswith("t") for name in interpreters)
        return self.groups if unusual else ()

    def serves(self, target: Target) -> bool:
        """Whether its wheels for the target's identifier install on the target."""
        built = self.abis.get(target.python.identifier, target.abi)
        return target.identifier in self.identifiers and built == target.abi


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
            pypy_images=dict(entry["pypy_images"]),
            abis=dict(entry["abis"]),
            groups=tuple(entry["groups"]),
        )
        for entry in loaded["lanes"]
    )


def lane_of(target: Target) -> Lane | None:
    """The lane that builds for ``target``, or none for one of the reasons of ``why_none``."""
    return next((lane for lane in lanes() if lane.serves(target)), None)


def why_none(target: Target) -> str:
    """Why no lane builds for ``target``; empty when one does."""
    if lane_of(target) is not None:
        return ""
    known = [lane for lane in lanes() if target.identifier in lane.identifiers]
    if known:
        offered = sorted({lane.abis[target.python.identifier] for lane in known})
        return f"{target.identifier} is built for {' and '.join(offered)}, not for {target.abi}"
    return f"no pinned cibuildwheel knows {target.identifier}"
