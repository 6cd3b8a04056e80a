"""
Lines of the manifest's recipes that have no effect: they name nothing of manifest and lock, or
repeat a default.

The catalogue's own recipes are not checked: they serve every manifest.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.configurations.system_packages import MANAGERS
from matrix.errors import Problem
from matrix.manifest import catalogue, places
from matrix.manifest.describing import KEY
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import KnownBad, Recipe
from matrix.resolve.lock import Lock
from matrix.targets.platform_tag import Family
from matrix.targets.target import Target

Releases = Callable[[NormalizedName], Sequence[Version]]
"""Every release of a project that the index has."""

_SYSTEM: Final[Mapping[Family, str]] = {
    Family.MANYLINUX: "linux",
    Family.MUSLLINUX: "linux",
    Family.MACOS: "macos",
    Family.WINDOWS: "windows",
}
# The build sets these after the recipe, or takes them away.
_REPLACED: Final = ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT", "PIP_NO_INDEX", "SOURCE_DATE_EPOCH")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A line without effect: the keys that lead to it, and why."""

    path: tuple[str | int, ...]
    why: str

    @property
    def place(self) -> str:
        """The path as messages spell it: ``recipes.x.known-bad[0]``."""
        text = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.path)
        return text.removeprefix(".")


def problems(manifest: Manifest, text: str, lock: Lock, releases: Releases) -> tuple[Problem, ...]:
    """Every line of a recipe without effect, with its line number in the manifest's ``text``."""
    idle = [*find_idle(manifest, lock, releases)]
    lines = places.lines(text, (each.path for each in idle), source=manifest.source)
    return tuple(
        Problem(place=manifest.source, line=line, what=f"{each.place}: {each.why}")
        for each, line in sorted(zip(idle, lines, strict=True), key=lambda pair: pair[1])
    )


def find_idle(manifest: Manifest, lock: Lock, releases: Releases) -> Iterator[Idle]:
    """The same in the order of recipes and their keys, without lines."""
    for name, own in manifest.recipes.items():
        project = canonicalize_name(name)
        built = _built(project, manifest, lock)
        if not own.catalogue and project not in catalogue.projects():
            why = "the catalogue has no recipe to switch off"
            yield Idle(path=("recipes", name, "catalogue"), why=why)
        for bad in _known_bad(project, own, manifest.all_targets, releases):
            yield Idle(path=("recipes", name, *bad.path), why=bad.why)
        if built:
            lines = _lines(project, own, built, lock)
            yield from (Idle(path=("recipes", name, *each.path), why=each.why) for each in lines)
        elif own.written - {"known_bad", "catalogue"}:
            yield Idle(path=("recipes", name), why=_why_not_built(project, lock))


def _built(project: NormalizedName, manifest: Manifest, lock: Lock) -> tuple[Target, ...]:
    wanted = {
        id_ for f in lock.files if f.project == project and not f.is_wheel for id_ in f.targets
    }
    return tuple(target for target in manifest.all_targets if target.id in wanted)


def _why_not_built(project: NormalizedName, lock: Lock) -> str:
    if any(file.project == project for file in lock.files):
        return "nothing is built, every target has a wheel"
    return "nothing is built, no requirement needs the project"


def _lines(
    project: NormalizedName, own: Recipe, built: Sequence[Target], lock: Lock
) -> Iterator[Idle]:
    systems = {_SYSTEM[target.platform.family] for target in built}
    yield from _system(own, systems, built)
    for name in own.environment:
        if name in _REPLACED:
            yield Idle(path=("environment", name), why="the build sets it")
        elif name == "MACOSX_DEPLOYMENT_TARGET" and "macos" in systems:
            yield Idle(path=("environment", name), why="the target's platform sets it")
    if own.repair.plat and "linux" not in systems:
        yield Idle(path=("repair", "plat"), why="no Linux target builds it")
    for index, text in enumerate(own.requires):
        marker = Requirement(text).marker
        if marker and not any(marker.evaluate(dict(t.marker_environment())) for t in built):
            why = f"the marker of {text!r} is true on no target that it is built for"
            yield Idle(path=("requires", index), why=why)
    sdists = {file.project for file in lock.files if not file.is_wheel}
    for index, other in enumerate(own.after):
        if canonicalize_name(other) not in sdists:
            yield Idle(path=("after", index), why=f"{other!r} is not built here")
    yield from _find_repetitions(project, own)


def _system(own: Recipe, systems: set[str], built: Sequence[Target]) -> Iterator[Idle]:
    usable = {manager for system in systems for manager in MANAGERS[system]}
    families = {target.platform.family for target in built}
    # Which of dnf and apt a glibc image has, only the image knows; Alpine has neither.
    if Family.MUSLLINUX not in families:
        usable.discard("apk")
    if Family.MANYLINUX not in families:
        usable -= {"dnf", "apt"}
    for manager in own.system:
        if manager not in usable:
            yield Idle(
                path=("system", manager), why="no target that builds it has this package manager"
            )


def _known_bad(
    project: NormalizedName, own: Recipe, targets: Sequence[Target], releases: Releases
) -> Iterator[Idle]:
    for index, bad in enumerate(own.known_bad):
        path = ("known-bad", index)
        if not any(_anywhere(bad).fits(Version("0"), target) for target in targets):
            yield Idle(path=path, why="it matches no target")
        elif not any(bad.versions.contains(v, prereleases=True) for v in releases(project)):
            yield Idle(path=path, why="it matches no release on the index")


def _anywhere(bad: KnownBad) -> KnownBad:
    return KnownBad(reason=bad.reason, python=bad.python, platforms=bad.platforms)


def _find_repetitions(project: NormalizedName, own: Recipe) -> Iterator[Idle]:
    """Keys with the same value as in the catalogue."""
    if not own.catalogue or project not in catalogue.projects():
        return
    builtin = catalogue.recipe(project)
    for field in dataclasses.fields(Recipe):
        value, known = getattr(own, field.name), getattr(builtin, field.name)
        key: str = field.metadata.get(KEY) or field.name
        same: list[tuple[str, ...]] = []
        if isinstance(value, Mapping):
            same = [(key, name) for name, item in value.items() if known.get(name) == item]
        elif field.name in own.written and value == known:
            same = [(key,)]
        yield from (Idle(path=path, why="the catalogue has the same value") for path in same)
