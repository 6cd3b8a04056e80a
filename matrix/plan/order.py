"""
The order of the builds of one job class.

A build needs what its wheel requires at run time, because its smoke test installs the wheel; and
what its recipe names, because no metadata says what a ``setup.py`` imports. A dependency of a
target is locked for the same target, so these needs never leave a job class.
"""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Self

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from matrix.errors import ManifestError, Problem, did_you_mean
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import Recipe
from matrix.resolve.lock import Lock, LockedFile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The projects that each project of a job class needs first, at one step's distance."""

    job_class: str
    needs_by_project: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, job_class: str, files: Iterable[LockedFile], manifest: Manifest) -> Self:
        """The needs of the locked ``files`` that some target of ``job_class`` installs."""
        needs_by_project: dict[str, set[str]] = {}
        for file in files:
            needed = needs_by_project.setdefault(file.project, set())
            needed.update(file.requires)
            if not file.is_wheel:
                needed.update(find_recipe_projects(find_recipe(manifest, file.project)))
        return cls(
            job_class=job_class,
            needs_by_project={name: frozenset(names) for name, names in needs_by_project.items()},
        )

    def find_all(self, project: str) -> set[str]:
        """
        Everything that ``project`` needs, at any distance.

        The path may lead through published projects: B stands between A and C even if B is not
        built.
        """
        reached: set[str] = set()
        todo = [project]
        while todo:
            new = self.needs_by_project.get(todo.pop(), frozenset()) - reached
            reached |= new
            todo += new
        return reached - {project}

    def refuse_cycles(self, built: Collection[str], *, source: str) -> None:
        """Raise ``ManifestError`` with the cycle when builds wait for each other."""
        needed = {name: self.find_all(name) for name in built}
        for name in sorted(built):
            for other in sorted(needed[name].intersection(built)):
                if name in needed[other]:
                    path = " -> ".join(
                        [*self.find_path(name, other), *self.find_path(other, name)[1:]]
                    )
                    what = f"builds of {self.job_class} wait for each other: {path}"
                    hint = f"exclude {name} or {other} where the index has no wheel of it"
                    raise ManifestError(Problem(place=source, what=what, hint=hint))

    def find_path(self, start: str, end: str) -> list[str]:
        """The shortest path from ``start`` to ``end``, which it needs; empty when there is none."""
        came_from = {start: ""}
        level = [start]
        while level and end not in came_from:
            level = [new for name in level for new in self._steps(name, came_from)]
        path = [end] if end in came_from else []
        while path and path[-1] != start:
            path.append(came_from[path[-1]])
        return path[::-1]

    def _steps(self, name: str, came_from: dict[str, str]) -> Iterator[str]:
        for new in sorted(self.needs_by_project.get(name, ())):
            if new not in came_from:
                came_from[new] = name
                yield new


def find_recipe_projects(recipe: Recipe) -> Iterator[NormalizedName]:
    """The projects of a recipe's ``after`` and of its test's ``requires``."""
    yield from map(canonicalize_name, recipe.after)
    for text in recipe.test.requires:
        yield canonicalize_name(Requirement(text).name)


def refuse_unknown(manifest: Manifest, lock: Lock) -> None:
    """Raise ``ManifestError`` for every ``after`` whose project the lock does not have."""
    locked = {file.project for file in lock.files}
    problems = [
        Problem(
            place=manifest.source,
            line=recipe.line,
            what=f"recipes.{project}.after: the lock has no project {name!r}",
            hint=did_you_mean(name, locked) or f"add `- {name}` to packages",
        )
        for project, recipe in manifest.recipes.items()
        if project in locked
        for name in map(canonicalize_name, recipe.after)
        if name not in locked
    ]
    if problems:
        raise ManifestError.of(problems)
