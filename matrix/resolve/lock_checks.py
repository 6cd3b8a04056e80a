"""What a lock refers to must stand in it: rows that a careless merge or an edit dropped."""

from collections.abc import Iterable, Iterator

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.resolve.lock import Lock

_Release = tuple[NormalizedName, Version]


def find_gaps(lock: Lock) -> tuple[str, ...]:
    """Every reference of the lock to a target, file or build file that it does not hold."""
    parts = (_find_repeated, _find_unknown_targets, _find_missing_files, _find_missing_builds)
    return tuple(dict.fromkeys(gap for part in parts for gap in part(lock)))


def _find_repeated(lock: Lock) -> Iterator[str]:
    yield from _list_repeated("target", (target.id for target in lock.targets))
    yield from _list_repeated("file", (file.filename for file in lock.files))
    yield from _list_repeated("build file", (file.filename for file in lock.build_files))


def _list_repeated(kind: str, names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"{kind} {name} stands there twice"
        seen.add(name)


def _find_unknown_targets(lock: Lock) -> Iterator[str]:
    known = {target.id for target in lock.targets}
    rows = [
        *((file.filename, file.targets) for file in lock.files),
        *((solution.root, solution.targets) for solution in lock.solutions),
        *((no.root, (no.target,)) for no in lock.impossible),
        *((split.root, split.targets) for split in lock.splits),
        *((build.sdist, build.targets) for build in lock.builds),
    ]
    for name, targets in rows:
        if not known.issuperset(targets):
            unknown = ", ".join(sorted(set(targets) - known))
            yield f"{name} names targets that are not locked: {unknown}"


def _find_missing_files(lock: Lock) -> Iterator[str]:
    targets_by_release: dict[_Release, frozenset[str]] = {}
    for file in lock.files:
        release = (file.project, file.version)
        targets_by_release[release] = targets_by_release.get(release, frozenset()).union(
            file.targets
        )
    nowhere: frozenset[str] = frozenset()
    for solution in lock.solutions:
        wanted = frozenset(solution.targets)
        for release in solution.pins:
            present = targets_by_release.get(release, nowhere)
            if not wanted <= present:
                project, version = release
                targets = ", ".join(sorted(wanted - present))
                yield f"{solution.root} needs {project} {version}, which has no file for {targets}"


def _find_missing_builds(lock: Lock) -> Iterator[str]:
    targets_by_sdist = {file.filename: file.targets for file in lock.files if not file.is_wheel}
    build_files = {file.filename for file in lock.build_files}
    for build in lock.builds:
        missing = sorted(set(build.targets) - set(targets_by_sdist.get(build.sdist, ())))
        if missing:
            yield f"the build of {build.sdist} has no sdist for {', '.join(missing)}"
        for name in sorted({*build.build, *build.test} - build_files):
            yield f"the build of {build.sdist} needs {name}, which is no build file"
