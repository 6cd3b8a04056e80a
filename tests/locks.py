"""Locks for tests, said in one line a project."""

import hashlib
from collections.abc import Sequence

from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.documents.fields import Pins
from matrix.resolve.lock import Lock, LockedFile, LockedTarget, Solution

from .manifests import manifest

P39, P312 = "cp39-manylinux_2_28_x86_64", "cp312-manylinux_2_28_x86_64"
P27, WIN = "cp27-manylinux_2_17_x86_64", "cp312-win_amd64"


def sdist(
    project: str,
    *requires: str,
    targets: Sequence[str] = (P312,),
    version: str = "1.0",
    size: int = 1000,
) -> LockedFile:
    """A file that must be built."""
    return _file(f"{project}-{version}.tar.gz", project, version, requires, targets, size)


def wheel(
    project: str, *requires: str, targets: Sequence[str] = (P312,), version: str = "1.0"
) -> LockedFile:
    """A file that exists."""
    name = f"{project.replace('-', '_')}-{version}-py3-none-any.whl"
    return _file(name, project, version, requires, targets, 1000)


def lock(*files: LockedFile) -> Lock:
    """A lock in which every project is a root, and brings what it requires."""
    by_project = {file.project: file for file in files}
    solutions = []
    for file in files:
        reached = {file.project}
        todo = [file.project]
        while todo:
            new = set(by_project[todo.pop()].requires) - reached
            reached |= new
            todo += new
        solutions.append(
            Solution(
                root=file.project,
                requirements=(file.project,),
                targets=file.targets,
                pins=Pins((name, by_project[name].version) for name in sorted(reached)),
            )
        )
    return Lock(
        targets=tuple(
            LockedTarget(id=t.id, python=str(t.python), platform=str(t.platform))
            for t in manifest("any").all_targets
        ),
        files=tuple(sorted(files, key=lambda file: (file.project, file.version, file.filename))),
        solutions=tuple(solutions),
        impossible=(),
    )


def _file(
    filename: str,
    project: str,
    version: str,
    requires: Sequence[str],
    targets: Sequence[str],
    size: int,
) -> LockedFile:
    return LockedFile(
        project=canonicalize_name(project),
        version=Version(version),
        filename=filename,
        sha256=hashlib.sha256(filename.encode()).hexdigest(),
        size=size,
        targets=tuple(sorted(targets)),
        requires=tuple(canonicalize_name(name) for name in sorted(requires)),
    )
