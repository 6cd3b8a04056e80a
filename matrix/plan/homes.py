"""
Which job class builds a locked sdist for a target: the target's own, unless one wheel serves all.

A pure wheel is built once. Two classes would make two files of one name that differ in bytes (the
permissions in a zip archive are the system's), and a bundle could hold only one of them.
"""

from collections.abc import Iterable, Mapping

from matrix.plan.model import JobClass
from matrix.resolve.lock import Lock, LockedFile
from matrix.targets.target import Target


class Homes:
    """The job class of every (sdist, target)."""

    def __init__(
        self, lock: Lock, *, classes: Mapping[str, JobClass], targets: Iterable[Target]
    ) -> None:
        self._classes = classes
        self._majors = {target.id: target.python.major for target in targets}
        self._pure = {build.sdist for build in lock.builds if build.is_pure}
        self._universal = {build.sdist for build in lock.builds if build.is_universal}

    def is_pure(self, file: LockedFile) -> bool:
        """Whether its wheel is built for no platform in particular."""
        return file.filename in self._pure

    def has(self, target: Target, job_class: str) -> bool:
        """Whether ``target`` is of ``job_class``."""
        found = self._classes.get(target.id)
        return found is not None and found.id == job_class

    def of(self, file: LockedFile, target: str) -> JobClass:
        """
        Where ``file`` is built for ``target``: in a container before any other machine, and by
        Python 3 where it can be.
        """
        if not self.is_pure(file):
            return self._classes[target]
        return min(
            (
                (-self._majors[other], self._classes[other])
                for other in file.targets
                if other in self._classes and self._agree(file, other, target)
            ),
            key=lambda one: (one[0], one[1].system != "linux", one[1].id),
        )[1]

    def _agree(self, file: LockedFile, other: str, target: str) -> bool:
        # What Python 2 builds, only Python 2 installs, and the reverse; unless it says otherwise.
        return file.filename in self._universal or self._majors[other] == self._majors[target]
