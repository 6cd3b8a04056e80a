"""What a locked file is installed with."""

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.resolve.lock import Lock, LockedFile

_Release = tuple[NormalizedName, Version]


class Runtime:
    """The closures of single files, out of the solutions of a lock."""

    def __init__(self, lock: Lock) -> None:
        self._pins: dict[tuple[str, _Release], tuple[_Release, ...]] = {}
        for solution in lock.solutions:
            for target in solution.targets:
                for release in solution.pins:
                    self._pins.setdefault((target, release), solution.pins)
        self._files: dict[tuple[str, _Release], LockedFile] = {
            (target, (file.project, file.version)): file
            for file in lock.files
            for target in file.targets
        }

    def pins(self, file: LockedFile, target: str) -> tuple[_Release, ...]:
        """Everything that is locked together with ``file`` on ``target``, itself included."""
        return self._pins[target, (file.project, file.version)]

    def of(self, file: LockedFile, target: str) -> tuple[LockedFile, ...]:
        """
        What ``file`` requires on ``target`` at any distance, sorted by project.

        Where several solutions hold it, the first one says with which versions.
        """
        pins = dict(self.pins(file, target))
        closure = {file.project: file}
        todo = [file]
        while todo:
            for name in sorted(set(todo.pop().requires) & pins.keys() - closure.keys()):
                # A requirement may hold for other targets of the file only: then there is no file.
                if needed := self._files.get((target, (name, pins[name]))):
                    closure[name] = needed
                    todo.append(needed)
        del closure[file.project]
        return tuple(closure[name] for name in sorted(closure))
