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

from matrix.targets.invalid import InvalidTarget
from matrix.targets.platform_tag import PlatformTag
from matrix.targets.target import Target


class UnknownLane(InvalidTarget):
    """A cibuildwheel release that is none of the pinned ones."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One pinned cibuildwheel."""

    version: str
    order: int
    """Its place among the lanes: 0 is the newest."""
    identifiers: frozenset[str]
    image_by_policy: Mapping[str, str]
    """Platform tag of the image's policy to image reference."""
    pypy_image_by_policy: Mapping[str, str]
    """The same for PyPy; only 1.12.0 has an image of its own for it."""
    abi_by_interpreter: Mapping[str, str]
    """``pp311`` to the ABI tag of the PyPy that it builds with."""
    groups: tuple[str, ...]
    """What ``enable`` must name before it builds for some of ``identifiers``."""
    audits: bool
    """Whether it runs ``audit-command`` after a build, abi3audit by default."""
    caches_installers: bool
    """Whether it looks into its cache before it downloads an installer of python.org on macOS."""
    has_cache: bool
    """Whether ``CIBW_CACHE_PATH`` moves its cache on Windows; else that is ``C:\\cibw``."""
    has_delvewheel: bool
    """Whether it repairs wheels on Windows."""
    installs_build: bool
    """Whether it installs ``build`` beside an interpreter that runs outside of a container."""
    reads_docker_29: bool
    """Whether it understands, or never asks, what Docker 29 answers to ``docker version``."""
    reads_toml: bool
    """Whether it reads a configuration file; else ``CIBW_*`` variables are the only way."""
    takes_compiler: bool
    """Whether it builds with a compiler that the environment sets up (``DISTUTILS_USE_SDK``)."""

    @property
    def id(self) -> str:
        """How jobs are named after it: ``cibw1``, ``cibw4``."""
        return f"cibw{self.version.partition('.')[0]}"

    def find_image(self, floor: PlatformTag, *, is_pypy: bool = False) -> str | None:
        """The newest pinned image whose wheels still run on ``floor``."""
        images = self.pypy_image_by_policy if is_pypy else self.image_by_policy
        fitting = [
            (tag.floor, reference)
            for tag, reference in ((PlatformTag.parse(k), v) for k, v in images.items())
            if (tag.family, tag.arch) == (floor.family, floor.arch) and tag.floor <= floor.floor
        ]
        return max(fitting)[1] if fitting else None

    def select_groups(self, identifiers: Iterable[str]) -> tuple[str, ...]:
        """
        The groups to enable before it builds ``identifiers``; none for the usual CPythons.

        More groups than the identifiers need do no harm: only the identifiers are built.
        """
        interpreters = (name.partition("-")[0] for name in identifiers)
        unusual = any(name.startswith("pp") or name.endswith("t") for name in interpreters)
        return self.groups if unusual else ()

    def serves(self, target: Target) -> bool:
        """Whether its wheels for the target's identifier install on the target."""
        abi = self.abi_by_interpreter.get(target.python.identifier, target.abi)
        return target.identifier in self.identifiers and abi == target.abi


@functools.cache
def lanes() -> tuple[Lane, ...]:
    """Every lane, newest first."""
    data = importlib.resources.files("matrix") / "data" / "lanes.json"
    loaded = json.loads(data.read_text(encoding="utf-8"))
    return tuple(
        Lane(
            version=entry["version"],
            order=order,
            identifiers=frozenset(entry["identifiers"]),
            image_by_policy=dict(entry["images"]),
            pypy_image_by_policy=dict(entry["pypy_images"]),
            abi_by_interpreter=dict(entry["abis"]),
            groups=tuple(entry["groups"]),
            **entry["abilities"],
        )
        for order, entry in enumerate(loaded["lanes"])
    )


def get_lane(version: str) -> Lane:
    """The lane of that ``version``; raises ``UnknownLane`` when this program has none."""
    for lane in lanes():
        if lane.version == version:
            return lane
    expected = " or ".join(lane.version for lane in lanes())
    raise UnknownLane(f"expected cibuildwheel {expected}, got {version!r}")


def find_lane(target: Target) -> Lane | None:
    """The lane that builds for ``target``; ``explain_missing_lane`` says why there is none."""
    return next((lane for lane in lanes() if lane.serves(target)), None)


def explain_missing_lane(target: Target) -> str:
    """Why no lane builds for ``target``; empty when one does."""
    if find_lane(target) is not None:
        return ""
    serving = [lane for lane in lanes() if target.identifier in lane.identifiers]
    if serving:
        abis = sorted({lane.abi_by_interpreter[target.python.identifier] for lane in serving})
        return f"{target.identifier} is built for {' and '.join(abis)}, not for {target.abi}"
    return f"no pinned cibuildwheel knows {target.identifier}"
