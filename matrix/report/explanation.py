"""
One project in a plan: who asks for it, how each target gets it and why, and how its builds are run.

``Explanation`` is what ``explain --json`` prints; ``text`` says the same to people.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.plan.model import Build, Cell, Job, JobClass, Plan
from matrix.plan.order import Needs
from matrix.report.plans import machine, minutes, section
from matrix.resolve.lock import Lock

SCHEMA: Final = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A root of the manifest that brings the project, and the way from one to the other."""

    root: str
    requirements: tuple[str, ...]
    line: int
    """Where the manifest says so; 0 for environments, which may stand on several lines."""
    chain: tuple[str, ...]
    targets: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one target gets, and the rule that decided it."""

    target: str
    version: str
    state: str
    reason: str
    filename: str
    job: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A build of the project: where it runs, what it waits for, who waits for it."""

    job: str
    version: str
    sdist: str
    sha256: str
    identifiers: tuple[str, ...]
    targets: tuple[str, ...]
    system: str
    runner: str
    """The pattern of the manifest's runner."""
    labels: tuple[str, ...]
    lane: str
    engine: str
    image: str
    seconds: int
    """Of the whole job."""
    after: tuple[str, ...]
    carried: tuple[str, ...]
    stock: tuple[str, ...]
    unlocked: str
    needed_by: tuple[str, ...]
    beside: tuple[str, ...]
    """Other builds of the same job, which have nothing to do with it."""
    command: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one project, everywhere or on one target."""

    schema: int
    project: str
    manifest: str
    asked_by: tuple[Asker, ...]
    required_by: tuple[str, ...]
    """Projects whose releases require it directly."""
    targets: tuple[Choice, ...]
    builds: tuple[Making, ...]


def explain(
    plan: Plan, project: str, *, manifest: Manifest, lock: Lock, target: str = "", options: str = ""
) -> Explanation:
    """
    Explain ``project``, on ``target`` alone when one is named.

    ``options`` are what a command needs to find the same manifest and plan again.
    """
    needs = Needs(job_class="", direct=_direct(lock, target))
    cells = [c for c in plan.cells if c.project == project and target in {"", c.target}]
    jobs = {cell.job for cell in cells}
    return Explanation(
        schema=SCHEMA,
        project=project,
        manifest=manifest.source,
        asked_by=tuple(_askers(project, manifest, lock, needs, target)),
        required_by=tuple(sorted(n for n, found in needs.direct.items() if project in found)),
        targets=tuple(_choice(cell) for cell in cells),
        builds=tuple(
            _making(build, job, plan, manifest, options)
            for job in plan.jobs
            if job.id in jobs
            for build in job.builds
            if build.project == project and target in {"", *build.targets}
        ),
    )


def _direct(lock: Lock, target: str) -> Mapping[str, frozenset[str]]:
    direct: dict[str, set[str]] = {}
    for file in lock.files:
        if target in {"", *file.targets}:
            direct.setdefault(file.project, set()).update(file.requires)
    return {name: frozenset(found) for name, found in direct.items()}


def _askers(
    project: str, manifest: Manifest, lock: Lock, needs: Needs, target: str
) -> Iterator[Asker]:
    lines = {str(package.project): package.line for package in manifest.packages}
    brought: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for solution in lock.solutions:
        if any(name == project for name, _ in solution.pins):
            where = {t for t in solution.targets if target in {"", t}}
            brought.setdefault((solution.root, solution.requirements), set()).update(where)
    for (root, requirements), targets in sorted(brought.items()):
        starts = sorted(canonicalize_name(Requirement(text).name) for text in requirements)
        ways = [needs.path(start, project) for start in starts]
        shortest = min(filter(None, ways), key=lambda way: (len(way), way), default=[])
        if targets:
            yield Asker(
                root=root,
                requirements=requirements,
                line=0 if root.startswith("environment ") else lines.get(starts[0], 0),
                chain=tuple(shortest),
                targets=tuple(sorted(targets)),
            )


def _choice(cell: Cell) -> Choice:
    return Choice(
        target=cell.target,
        version=cell.version,
        state=str(cell.state),
        reason=cell.reason,
        filename=cell.filename,
        job=cell.job,
    )


def _making(build: Build, job: Job, plan: Plan, manifest: Manifest, options: str) -> Making:
    job_class = plan.class_of(job)
    labels = {one.label for one in job.builds}
    waited = {one.label for one in job.builds if one.project in build.after}
    waiting = {one.label for one in job.builds if build.project in one.after}
    return Making(
        job=job.id,
        version=build.version,
        sdist=build.sdist,
        sha256=build.sha256,
        identifiers=build.identifiers,
        targets=build.targets,
        system=job_class.system,
        runner=_pattern(build, manifest),
        labels=job_class.github or job_class.gitlab_tags,
        lane=job_class.lane,
        engine=job_class.engine if job_class.image else "",
        image=job_class.image,
        seconds=job.seconds,
        after=tuple(sorted(waited)),
        carried=build.carried,
        stock=build.stock,
        unlocked=build.unlocked,
        needed_by=tuple(sorted(waiting)),
        beside=tuple(sorted(labels - waited - waiting - {build.label})),
        command=f"python -m matrix build {job.id}{options}",
    )


def _pattern(build: Build, manifest: Manifest) -> str:
    served = (target for target in manifest.all_targets if target.id in build.targets)
    runners = (runner_of(manifest, target) for target in served)
    return next((runner.match for runner in runners if runner is not None), "")


def text(explained: Explanation, plan: Plan) -> str:
    """An explanation in lines."""
    classes = {job.id: plan.class_of(job) for job in plan.jobs}
    parts = [
        f"{explained.project}\n",
        *section("asked for by", (_asker(one, explained) for one in explained.asked_by)),
        *section("required by", explained.required_by),
        *section("targets", map(_target, explained.targets)),
    ]
    for made in explained.builds:
        parts += section(f"job {made.job}", _facts(made, classes[made.job]))
    return "\n".join(parts)


def _asker(one: Asker, explained: Explanation) -> str:
    place = f"{explained.manifest} line {one.line}" if one.line else f"{explained.manifest}"
    way = f": {' -> '.join(one.chain)}" if len(one.chain) > 1 else ""
    asked = ", ".join(one.requirements)
    return f"{place}: {asked if one.line else f'{one.root} ({asked})'}{way}"


def _target(one: Choice) -> str:
    what = " ".join(part for part in (one.version, one.filename) if part)
    return f"{one.target}: {one.state} {what}".rstrip() + f" ({one.reason})"


def _installs(made: Making) -> str:
    if made.unlocked:
        return f"what the index has on the day: {made.unlocked}"
    return f"{len(made.stock)} locked wheels and nothing else"


def _facts(made: Making, job_class: JobClass) -> Iterator[str]:
    rows = {
        "sdist": f"{made.sdist} sha256:{made.sha256}",
        "identifiers": " ".join(made.identifiers),
        "runner": f"{machine(job_class)}, matched by {made.runner!r}",
        "image": made.image,
        "waits for": ", ".join([*made.after, *(f"{name} (carried over)" for name in made.carried)]),
        "installs": _installs(made),
        "needed by": ", ".join(made.needed_by),
        "beside": ", ".join(made.beside),
        "takes": f"about {minutes(made.seconds)} for the whole job",
        "reproduce": made.command,
    }
    yield from (f"{name:<11} {what}" for name, what in rows.items() if what)
