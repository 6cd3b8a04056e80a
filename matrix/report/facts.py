"""The report of a merge request as values, from which text and JSON are rendered."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from matrix.plan import shards
from matrix.plan.model import JobClass, Plan, State
from matrix.plan.savings import compute_savings
from matrix.plan.unlocked import find_unlocked
from matrix.policy import advisories
from matrix.policy.advisories import Snapshot, Vulnerability
from matrix.report import comparing
from matrix.report.comparing import Change, Holdings, Release, RequirementChange
from matrix.report.outcomes import Outcome
from matrix.resolve.lock import Lock

SCHEMA: Final = 3
NO_DOUBTS: Final[Mapping[Release, str]] = {}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LockState:
    """
    Whether the committed lock answers the manifest, and what happens if it does not.

    ``patch`` is the file that mends it; it lies in the artifact of the plan.
    """

    filename: str = "packages.lock"
    patch: str = ""
    differences: tuple[str, ...] = ()
    is_refused: bool = False
    """Whether the pipeline stays red until the lock is committed."""


CURRENT: Final = LockState()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TargetFacts:
    """One target's cells by state, and the size of its existing wheels in bytes."""

    target: str
    published: int
    reused: int
    build: int
    impossible: int
    excluded: int
    size: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BuildFacts:
    """One sdist that one runner builds, and its estimated duration."""

    project: str
    version: str
    sdist: str
    size: int
    runner: str
    targets: tuple[str, ...]
    seconds: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Without:
    """A project that is not installed on some targets, and why."""

    project: str
    targets: tuple[str, ...]
    reason: str
    requirement: str = ""
    """What the manifest asks for, where it names the project."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Licensed:
    """The licence that a release states, and the objection of the policy to it."""

    project: str
    version: str
    licence: str
    doubt: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Known:
    """A vulnerable release, and whether this change brings it."""

    finding: Vulnerability
    is_added: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RunnerTime:
    """The work of one job class."""

    runner: str
    builds: int
    minutes: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The whole report; every tuple is sorted."""

    bundle: str
    base: str
    """Name of the plan, lock or bundle that it was compared with; if empty, everything is added."""
    not_compared: str
    lock: LockState
    outcomes: tuple[Outcome, ...]
    """How the builds ended; empty while they have not."""
    requirements: int
    requirement_changes: tuple[RequirementChange, ...]
    changes: tuple[Change, ...]
    downgrades: tuple[str, ...]
    """Projects of ``changes`` that some target gets an older version of."""
    roots: tuple[tuple[str, tuple[str, ...]], ...]
    """Project of ``changes``, and the requirements of the manifest that bring it."""
    targets: tuple[TargetFacts, ...]
    builds: tuple[BuildFacts, ...]
    unlocked: tuple[tuple[str, str], ...]
    """Label and reason of builds whose build requirements are not all locked."""
    impossible: tuple[Without, ...]
    excluded: tuple[Without, ...]
    download: int
    """Size of the existing wheels in bytes, each file once; ``added`` of them are new."""
    added: int
    licences: tuple[Licensed, ...]
    snapshot: str
    """The name of the OSV snapshot; empty when vulnerabilities were not checked."""
    vulnerable: tuple[Known, ...]
    runners: tuple[RunnerTime, ...]
    saved: str = ""
    """What reuse has saved, in words; empty when nothing is reused."""


def find_added_releases(plan: Plan, base: Holdings | None) -> tuple[Release, ...]:
    """The releases that ``plan`` installs and ``base`` does not."""
    releases = comparing.summarize_plan(plan).releases
    return tuple(sorted(releases - (base.releases if base else frozenset())))


def gather(
    plan: Plan,
    *,
    base: Holdings | None,
    licence_by_release: Mapping[Release, str],
    osv: Snapshot | None,
    doubt_by_release: Mapping[Release, str] = NO_DOUBTS,
    lock: Lock | None = None,
    lock_state: LockState = CURRENT,
    outcomes: tuple[Outcome, ...] = (),
) -> Facts:
    """
    Gather the facts; ``licence_by_release`` are those of the added releases, and ``lock`` is the
    one that the plan was made from.
    """
    new = set(find_added_releases(plan, base))
    builds = _builds(plan)
    before = base or comparing.NOTHING
    known = (
        advisories.find_vulnerabilities(osv, comparing.summarize_plan(plan).releases) if osv else ()
    )
    files = {c.sha256: c.size for c in plan.cells if c.state is State.PUBLISHED}
    after = comparing.summarize_plan(plan)
    changes = comparing.find_changes(before, after)
    is_comparable = bool(before.requirements)
    return Facts(
        bundle=plan.bundle,
        base=before.name,
        not_compared=before.not_compared,
        lock=lock_state,
        outcomes=outcomes,
        requirements=len(plan.requirements),
        requirement_changes=(
            comparing.find_requirement_changes(before, after) if is_comparable else ()
        ),
        changes=changes,
        downgrades=tuple(
            sorted({c.project for c in changes if comparing.find_direction(c) == "down"})
        ),
        roots=_find_roots({change.project for change in changes if change.after}, lock),
        targets=_targets(plan),
        builds=builds,
        unlocked=tuple((label, reason) for _, label, reason in find_unlocked(plan)),
        impossible=_without(plan, State.IMPOSSIBLE),
        excluded=_without(plan, State.EXCLUDED),
        download=sum(files.values()),
        added=sum(size for digest, size in files.items() if digest not in before.digests),
        licences=_list_licences(licence_by_release, doubt_by_release),
        snapshot=osv.name if osv else "",
        vulnerable=tuple(
            sorted(Known(finding=f, is_added=(f.project, f.version) in new) for f in known)
        ),
        runners=_runners(builds),
        saved=str(saved) if (saved := compute_savings(plan)).builds else "",
    )


def dump(facts: Facts) -> str:
    """``report.json``."""
    return json.dumps({"schema": SCHEMA, **dataclasses.asdict(facts)}, indent=1) + "\n"


def _list_licences(
    licence_by_release: Mapping[Release, str], doubt_by_release: Mapping[Release, str]
) -> tuple[Licensed, ...]:
    return tuple(
        Licensed(
            project=release[0],
            version=release[1],
            licence=text,
            doubt=doubt_by_release.get(release, ""),
        )
        for release, text in sorted(licence_by_release.items())
    )


def _find_roots(projects: set[str], lock: Lock | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    names: dict[str, set[str]] = {}
    for solution in lock.solutions if lock else ():
        for project, _ in solution.pins:
            if project in projects:
                names.setdefault(project, set()).add(solution.root)
    return tuple((project, tuple(sorted(roots))) for project, roots in sorted(names.items()))


def _targets(plan: Plan) -> tuple[TargetFacts, ...]:
    counts: dict[str, Counter[State]] = {target.id: Counter() for target in plan.targets}
    sizes: dict[str, dict[str, int]] = {target.id: {} for target in plan.targets}
    for cell in plan.cells:
        counts[cell.target][cell.state] += 1
        if cell.state in {State.PUBLISHED, State.REUSED}:
            sizes[cell.target][cell.sha256] = cell.size
    return tuple(
        TargetFacts(
            target=name,
            published=counted[State.PUBLISHED],
            reused=counted[State.REUSED],
            build=counted[State.BUILD],
            impossible=counted[State.IMPOSSIBLE],
            excluded=counted[State.EXCLUDED],
            size=sum(sizes[name].values()),
        )
        for name, counted in sorted(counts.items())
    )


def _builds(plan: Plan) -> tuple[BuildFacts, ...]:
    classes = {job_class.id: job_class for job_class in plan.job_classes}
    return tuple(
        sorted(
            BuildFacts(
                project=build.project,
                version=build.version,
                sdist=build.sdist,
                size=build.size,
                runner=describe_runner(classes[job.job_class]),
                targets=build.targets,
                seconds=shards.estimate_seconds(build),
            )
            for job in plan.jobs
            for build in job.builds
        )
    )


def describe_runner(job_class: JobClass) -> str:
    """The system and labels of a job class."""
    labels = ", ".join(job_class.labels)
    return f"{job_class.system}: {labels}"


def _runners(builds: Iterable[BuildFacts]) -> tuple[RunnerTime, ...]:
    grouped: dict[str, list[BuildFacts]] = {}
    for build in builds:
        grouped.setdefault(build.runner, []).append(build)
    return tuple(
        RunnerTime(
            runner=name,
            builds=len(owed),
            minutes=minutes(sum(build.seconds for build in owed)),
        )
        for name, owed in sorted(grouped.items())
    )


def minutes(seconds: int) -> int:
    """
    Seconds as runners are billed: whole minutes, rounded up.

    >>> minutes(61)
    2
    """
    return -(-seconds // 60)


def _without(plan: Plan, state: State) -> tuple[Without, ...]:
    requirement_by_project: dict[str, str] = {
        canonicalize_name(Requirement(text).name): text
        for requirement in plan.requirements
        for text in requirement.requirements
    }
    grouped: dict[tuple[str, str], list[str]] = {}
    for cell in plan.cells:
        if cell.state is state:
            grouped.setdefault((cell.project, cell.reason), []).append(cell.target)
    return tuple(
        Without(
            project=project,
            targets=tuple(sorted(targets)),
            reason=reason,
            requirement=requirement_by_project.get(project, ""),
        )
        for (project, reason), targets in sorted(grouped.items())
    )
