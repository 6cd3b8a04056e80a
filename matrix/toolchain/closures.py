"""The index's part of a toolchain: the distributions that satisfy each closure."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.edge.progress import Loudness, Reporter
from matrix.manifest.model import Manifest, Package, TargetGroup
from matrix.resolve.lock import Lock, LockedFile
from matrix.toolchain.model import Missing
from matrix.toolchain.needs import Closure

if TYPE_CHECKING:
    from matrix.index.client import Index

_NOBODY: Final = Reporter(loudness=Loudness.QUIET)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """The distributions of closures, each once and sorted, and what has no solution."""

    files: tuple[LockedFile, ...]
    missing: tuple[Missing, ...]


def solve(closures: Sequence[Closure], index: "Index", *, reporter: Reporter) -> Solved:
    """Resolve every closure by itself, as pip will on its machine."""
    files: dict[str, LockedFile] = {}
    missing: dict[str, Missing] = {}
    for closure in reporter.each(closures, total=len(closures), what="requirements resolved"):
        lock = solution(closure, index)
        files |= {file.filename: file for file in lock.files}
        for one in lock.impossible:
            name = f"{', '.join(one.requirements)} on {closure.target.id}"
            known = missing[name].services if name in missing else ()
            services = tuple(sorted({*closure.services, *known}))
            missing[name] = Missing(name=name, reason=one.reason, services=services)
    return Solved(
        files=tuple(files[name] for name in sorted(files)),
        missing=tuple(missing[name] for name in sorted(missing)),
    )


def solution(closure: Closure, index: "Index") -> Lock:
    """The lock of one closure: a manifest of one target, with the lane's pins preferred."""
    # The resolver is only needed here, and takes as long to import as a whole check.
    from matrix.resolve.resolving import resolve  # noqa: PLC0415

    target = closure.target
    manifest = Manifest(
        bundle="toolchain",
        targets={"runner": TargetGroup(platform=target.platform, python=(target.python,))},
        packages=tuple(Package(requirement=each) for each in closure.requirements),
    )
    preferred = {target.id: _preferred(closure.pins)}
    return resolve(manifest, index, pins=preferred, reporter=_NOBODY)


def _preferred(pins: Iterable[Requirement]) -> Mapping[NormalizedName, frozenset[Version]]:
    return {
        canonicalize_name(pin.name): frozenset(
            Version(one.version) for one in pin.specifier if one.operator == "=="
        )
        for pin in pins
    }
