"""
What must be built before what, within one job class.

A build needs what its wheel requires at run time, because its smoke test installs the wheel; and
what its recipe names, because no metadata says what a ``setup.py`` imports. A dependency of a
target is locked for the same target, so these needs never leave a job class.
"""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Self

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from matrix.errors import ManifestError, Problem, did_you_mean
from matrix.manifest.model import Manifest, Recipe
from matrix.resolve.lock import Lock, LockedFile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Which projects each project of a job class needs first, at one step's distance."""

    job_class: str
    direct: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, job_class: str, files: Iterable[LockedFile], manifest: Manifest) -> Self:
        """The needs of the locked ``files`` that some target of ``job_class`` installs."""
        direct: dict[str, set[str]] = {}
        for file in files:
            needed = direct.setdefault(file.project, set())
            needed.update(file.requires)
            if not file.is_wheel:
                needed.update(asked_by(manifest.recipe(file.project)))
        return cls(
            job_class=job_class, direct={name: frozenset(found) for name, found in direct.items()}
        )

    def reached(self, project: str) -> set[str]:
        """
        Everything that ``project`` needs, at any distance.

        The way may lead through projects that exist already: B stands between A and C also when
        nobody builds B.
        """
        found: set[str] = set()
        todo = [project]
        while todo:
            new = self.direct.get(todo.pop(), frozenset()) - found
            found |= new
            todo += new
        return found - {project}

    def refuse_cycles(self, built: Collection[str], *, source: str) -> None:
        """Raise ``ManifestError`` with the way around, when builds wait for each other."""
        reached = {name: self.reached(name) for name in built}
        for name in sorted(built):
            for other in sorted(reached[name].intersection(built)):
                if name in reached[other]:
                    path = " -> ".join([*self.path(name, other), *self.path(other, name)[1:]])
                    what = f"builds of {self.job_class} wait for each other: {path}"
                    hint = f"exclude {name} or {other} where the index has no wheel of it"
                    raise ManifestError(Problem(place=source, what=what, hint=hint))

    def path(self, start: str, end: str) -> list[str]:
        """The shortest way from ``start`` to what it needs; empty when there is none."""
        came_from = {start: ""}
        level = [start]
        while level and end not in came_from:
            level = [new for name in level for new in self._steps(name, came_from)]
        way = [end] if end in came_from else []
        while way and way[-1] != start:
            way.append(came_from[way[-1]])
        return way[::-1]

    def _steps(self, name: str, came_from: dict[str, str]) -> Iterator[str]:
        for new in sorted(self.direct.get(name, ())):
            if new not in came_from:
                came_from[new] = name
                yield new


def asked_by(recipe: Recipe) -> Iterator[NormalizedName]:
    """The projects that a recipe names: to be there first, and for its test."""
    yield from map(canonicalize_name, recipe.after)
    for text in recipe.test.requires:
        try:
            yield canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            # Said with its place when the job is configured; there is nothing to wait for.
            continue


def refuse_unknown(manifest: Manifest, lock: Lock) -> None:
    """Raise ``ManifestError`` for every ``after`` that names a project which nobody has locked."""
    known = {file.project for file in lock.files}
    problems = [
        Problem(
            place=manifest.source,
            line=recipe.line,
            what=f"recipes.{project}.after: the lock has no project {name!r}",
            hint=did_you_mean(name, known) or f"add `- {name}` to packages",
        )
        for project, recipe in manifest.recipes.items()
        if project in known
        for name in map(canonicalize_name, recipe.after)
        if name not in known
    ]
    if problems:
        raise ManifestError.of(problems)
