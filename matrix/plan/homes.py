"""
Which job class hands over the wheel of a locked sdist: the target's own, unless one wheel serves
several.

A pure wheel is handed over by one class alone. Two classes would make two files of one name that
differ in bytes (the permissions in a zip archive are the system's), and a bundle could hold only
one of them. The others build it as well, to test it on their interpreters.
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

    def sharing(self, file: LockedFile, target: str) -> tuple[str, ...]:
        """The targets that one pure wheel serves, ``target`` among them; none if it is not pure."""
        if not self.is_pure(file):
            return ()
        return tuple(
            other
            for other in file.targets
            if other in self._classes and self._agree(file, other, target)
        )

    def of(self, file: LockedFile, target: str) -> JobClass:
        """
        Who hands over the wheel of ``file`` for ``target``: where several could, a container before
        any other machine, Python 3 before 2, and the newest lane.
        """
        sharing = self.sharing(file, target) or (target,)
        best = min(sharing, key=lambda one: (-self._majors[one], _rank(self._classes[one])))
        return self._classes[best]

    def _agree(self, file: LockedFile, other: str, target: str) -> bool:
        # What Python 2 builds, only Python 2 installs, and the reverse; unless it says otherwise.
        return file.filename in self._universal or self._majors[other] == self._majors[target]


def _rank(job_class: JobClass) -> tuple[bool, list[int], str]:
    lane = [-int(number) for number in job_class.lane.split(".")]
    return job_class.system != "linux", lane, job_class.id
