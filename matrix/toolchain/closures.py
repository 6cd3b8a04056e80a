"""Resolve the distributions of a toolchain: each closure of requirements for itself."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.edge.progress import Loudness, Reporter
from matrix.manifest.model import Manifest, Package, TargetGroup
from matrix.resolve.lock import Lock, LockedFile
from matrix.toolchain.document import Missing
from matrix.toolchain.needs import Closure

if TYPE_CHECKING:
    from matrix.index.client import Index

_SILENT: Final = Reporter(loudness=Loudness.QUIET)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The distributions of all closures, sorted, and the requirements without a solution."""

    files: tuple[LockedFile, ...]
    missing: tuple[Missing, ...]


def resolve_closures(
    closures: Sequence[Closure], index: "Index", *, reporter: Reporter
) -> Resolution:
    """Resolve every closure by itself, as pip will on the runner."""
    file_by_name: dict[str, LockedFile] = {}
    missing_by_name: dict[str, Missing] = {}
    for closure in reporter.each(closures, total=len(closures), what="requirements resolved"):
        lock = resolve_closure(closure, index)
        file_by_name |= {file.filename: file for file in lock.files}
        for conflict in lock.impossible:
            name = f"{', '.join(conflict.requirements)} on {closure.target.id}"
            known = missing_by_name[name].services if name in missing_by_name else ()
            services = tuple(sorted({*closure.services, *known}))
            missing_by_name[name] = Missing(name=name, reason=conflict.reason, services=services)
    return Resolution(
        files=tuple(file_by_name[name] for name in sorted(file_by_name)),
        missing=tuple(missing_by_name[name] for name in sorted(missing_by_name)),
    )


def resolve_closure(closure: Closure, index: "Index") -> Lock:
    """Lock one closure for its target; the versions that the lane pins are preferred."""
    # Importing the resolver takes as long as a whole check of a toolchain.
    from matrix.resolve.resolving import resolve  # noqa: PLC0415

    target = closure.target
    manifest = Manifest(
        runners=(),
        bundle="toolchain",
        targets={"runner": TargetGroup(platform=target.platform, python=(target.python,))},
        packages=tuple(Package(requirement=each) for each in closure.requirements),
    )
    preferred = {target.id: _list_preferences(closure.pins)}
    return resolve(manifest, index, pins=preferred, reporter=_SILENT)


def _list_preferences(pins: Iterable[Requirement]) -> Mapping[NormalizedName, frozenset[Version]]:
    return {
        canonicalize_name(pin.name): frozenset(
            Version(clause.version) for clause in pin.specifier if clause.operator == "=="
        )
        for pin in pins
    }
