"""
One project in a plan: its requirements, what each target installs and why, and its builds.

``explain --json`` prints an ``Explanation``; ``text`` renders it.
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
from matrix.report.plans import describe_class, minutes, section
from matrix.resolve.lock import Lock

SCHEMA: Final = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Requirer:
    """A requirement of the manifest that needs the project, and the chain of projects between."""

    root: str
    requirements: tuple[str, ...]
    line: int
    """Its line in the manifest; 0 for environments, which may span several lines."""
    chain: tuple[str, ...]
    targets: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one target installs, and the rule that decided it."""

    target: str
    version: str
    state: str
    reason: str
    filename: str
    job: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedBuild:
    """A build of the project: its job and runner, what it waits for, and what waits for it."""

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
    """Estimated duration of the whole job."""
    after: tuple[str, ...]
    reused: tuple[str, ...]
    build_requirements: tuple[str, ...]
    unlocked: str
    needed_by: tuple[str, ...]
    beside: tuple[str, ...]
    """Independent builds of the same job."""
    command: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one project, everywhere or on one target."""

    schema: int
    project: str
    manifest: str
    wanted_by: tuple[Requirer, ...]
    required_by: tuple[str, ...]
    """Projects whose releases require it directly."""
    targets: tuple[Choice, ...]
    builds: tuple[ExplainedBuild, ...]


def explain(
    plan: Plan, project: str, *, manifest: Manifest, lock: Lock, target: str = "", options: str = ""
) -> Explanation:
    """
    Explain ``project``, on ``target`` alone when one is named.

    ``options`` are the options with which a command finds the same manifest and plan again.
    """
    needs = Needs(job_class="", needs_by_project=_direct(lock, target))
    cells = [c for c in plan.cells if c.project == project and target in {"", c.target}]
    jobs = {cell.job for cell in cells}
    return Explanation(
        schema=SCHEMA,
        project=project,
        manifest=manifest.source,
        wanted_by=tuple(_find_requirers(project, manifest, lock, needs, target)),
        required_by=tuple(
            sorted(
                name
                for name, needs_by_project in needs.needs_by_project.items()
                if project in needs_by_project
            )
        ),
        targets=tuple(_choice(cell) for cell in cells),
        builds=tuple(
            _explain_build(build, job, plan, manifest, options)
            for job in plan.jobs
            if job.id in jobs
            for build in job.builds
            if build.project == project and target in {"", *build.targets}
        ),
    )


def _direct(lock: Lock, target: str) -> Mapping[str, frozenset[str]]:
    needs_by_project: dict[str, set[str]] = {}
    for file in lock.files:
        if target in {"", *file.targets}:
            needs_by_project.setdefault(file.project, set()).update(file.requires)
    return {name: frozenset(required) for name, required in needs_by_project.items()}


def _find_requirers(
    project: str, manifest: Manifest, lock: Lock, needs: Needs, target: str
) -> Iterator[Requirer]:
    lines = {str(package.project): package.line for package in manifest.packages}
    brought: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for solution in lock.solutions:
        if any(name == project for name, _ in solution.pins):
            where = {t for t in solution.targets if target in {"", t}}
            brought.setdefault((solution.root, solution.requirements), set()).update(where)
    for (root, requirements), targets in sorted(brought.items()):
        starts = sorted(canonicalize_name(Requirement(text).name) for text in requirements)
        ways = [needs.find_path(start, project) for start in starts]
        shortest = min(filter(None, ways), key=lambda way: (len(way), way), default=[])
        if targets:
            yield Requirer(
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


def _explain_build(
    build: Build, job: Job, plan: Plan, manifest: Manifest, options: str
) -> ExplainedBuild:
    job_class = plan.get_job_class(job)
    labels = {other.label for other in job.builds}
    waited = {other.label for other in job.builds if other.project in build.after}
    waiting = {other.label for other in job.builds if build.project in other.after}
    return ExplainedBuild(
        job=job.id,
        version=build.version,
        sdist=build.sdist,
        sha256=build.sha256,
        identifiers=build.identifiers,
        targets=build.targets,
        system=job_class.system,
        runner=_pattern(build, manifest),
        labels=job_class.labels,
        lane=job_class.lane,
        engine=job_class.engine if job_class.image else "",
        image=job_class.image,
        seconds=job.seconds,
        after=tuple(sorted(waited)),
        reused=build.reused,
        build_requirements=build.build_requirements,
        unlocked=build.unlocked,
        needed_by=tuple(sorted(waiting)),
        beside=tuple(sorted(labels - waited - waiting - {build.label})),
        command=f"wheelyard build {job.id}{options}",
    )


def _pattern(build: Build, manifest: Manifest) -> str:
    served = (target for target in manifest.all_targets if target.id in build.targets)
    runners = (runner_of(manifest, target) for target in served)
    return next((runner.match for runner in runners if runner is not None), "")


def text(explained: Explanation, plan: Plan) -> str:
    """An explanation in lines."""
    classes = {job.id: plan.get_job_class(job) for job in plan.jobs}
    parts = [
        f"{explained.project}\n",
        *section(
            "wanted by",
            (_describe_requirer(requirer, explained) for requirer in explained.wanted_by),
        ),
        *section("required by", explained.required_by),
        *section("targets", map(_target, explained.targets)),
    ]
    for build in explained.builds:
        parts += section(f"job {build.job}", _facts(build, classes[build.job]))
    return "\n".join(parts)


def _describe_requirer(requirer: Requirer, explained: Explanation) -> str:
    line, chain = requirer.line, requirer.chain
    place = f"{explained.manifest} line {line}" if line else f"{explained.manifest}"
    way = f": {' -> '.join(chain)}" if len(chain) > 1 else ""
    requirements = ", ".join(requirer.requirements)
    return f"{place}: {requirements if line else f'{requirer.root} ({requirements})'}{way}"


def _target(choice: Choice) -> str:
    what = " ".join(part for part in (choice.version, choice.filename) if part)
    return f"{choice.target}: {choice.state} {what}".rstrip() + f" ({choice.reason})"


def _installs(build: ExplainedBuild) -> str:
    if build.unlocked:
        return f"the newest build requirements of the index: {build.unlocked}"
    return f"{len(build.build_requirements)} locked wheels and nothing else"


def _facts(build: ExplainedBuild, job_class: JobClass) -> Iterator[str]:
    rows = {
        "sdist": f"{build.sdist} sha256:{build.sha256}",
        "identifiers": " ".join(build.identifiers),
        "runner": f"{describe_class(job_class)}, matched by {build.runner!r}",
        "image": build.image,
        "waits for": ", ".join([*build.after, *(f"{name} (reused)" for name in build.reused)]),
        "installs": _installs(build),
        "needed by": ", ".join(build.needed_by),
        "beside": ", ".join(build.beside),
        "takes": f"about {minutes(build.seconds)} for the whole job",
        "reproduce": build.command,
    }
    yield from (f"{name:<11} {what}" for name, what in rows.items() if what)
