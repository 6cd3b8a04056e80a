import dataclasses
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matrix.manifest import reading
from matrix.plan.machines import divide, list_machines
from matrix.plan.model import Build, Plan
from matrix.plan.planning import create_plan
from matrix.plan.shards import LIMIT, estimate_seconds, first_byte, group_jobs
from matrix.resolve.lock import LockedFile, LockedTarget
from matrix.targets.target import Target

from .locks import lock, sdist
from .manifests import manifest
from .test_report import LINUX

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)


def build(project: str, *after: str, size: int = 1000, interpreters: int = 1) -> Build:
    return Build(
        project=project,
        version="1.0",
        sdist=f"{project}-1.0.tar.gz",
        sha256="0" * 64,
        size=size,
        identifiers=tuple(f"cp3{minor}-manylinux_x86_64" for minor in range(interpreters)),
        targets=(),
        after=after,
    )


def places(builds: list[Build]) -> dict[str, str]:
    return {build.project: job.id for job in group_jobs("c", builds) for build in job.builds}


def plan_files(files: list[LockedFile]) -> Plan:
    return create_plan(manifest(*(file.project for file in files)), lock(*files))


def neighbour(project: str) -> str:
    """A name that falls into the same bucket as ``project``, but into its other half."""
    return next(f"n{n}" for n in range(99999) if first_byte(f"n{n}") ^ first_byte(project) == 0x80)


@st.composite
def graphs(draw: st.DrawFn) -> list[LockedFile]:
    """Sdists that require some of those before them, and a last one that may require any."""
    names = draw(st.lists(NAMES, min_size=2, max_size=12, unique=True))
    return [
        sdist(name, *draw(st.sets(st.sampled_from(names[:n]), max_size=3)) if n else ())
        for n, name in enumerate(names)
    ]


@settings(deadline=None)
@given(graphs())
def test_adding_a_project_moves_only_those_that_it_ties_together(
    files: list[LockedFile],
) -> None:
    *before, new = files

    was = {b.project: job.id for job in plan_files(before).jobs for b in job.builds}
    plan = plan_files(files)
    now = {b.project: job.id for job in plan.jobs for b in job.builds}
    (needed,) = (b.after for job in plan.jobs for b in job.builds if b.project == new.project)

    moved = {name for name in was if was[name] != now[name]}
    tied = {was[name] for name in needed}
    assert len(tied) > 1 or moved == set()
    assert {was[name] for name in moved} <= tied


@settings(deadline=None)
@given(graphs())
def test_nothing_is_built_before_what_it_needs(files: list[LockedFile]) -> None:
    for job in plan_files(files).jobs:
        done: set[str] = set()
        for build in job.builds:
            assert done.issuperset(build.after)
            done.add(build.project)


@settings(max_examples=20, deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=400), st.integers(0, 40_000_000))
def test_every_build_has_one_job_and_a_class_at_most_256(names: set[str], size: int) -> None:
    plan = list(group_jobs("c", [build(name, size=size) for name in sorted(names)]))

    counted = Counter(build.project for job in plan for build in job.builds)
    assert counted == Counter(names)
    assert len({job.id for job in plan}) == len(plan) <= 256
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", job.id) for job in plan)


def test_one_more_second_than_the_limit_halves_a_bucket_and_moves_no_other() -> None:
    """``light`` has the upper bit, so it is what leaves; a third bucket stays as it is."""
    heavy, light = sorted(("netifaces", neighbour("netifaces")), key=first_byte)
    at_limit = (LIMIT - 2 * 60) * 20_000
    elsewhere = build("mysqlclient")

    full = [build(heavy, size=at_limit), build(light), elsewhere]
    over = [build(heavy, size=at_limit + 20_000), build(light), elsewhere]

    assert sum(estimate_seconds(build) for build in full[:2]) == LIMIT
    assert places(full)[heavy] == places(full)[light]
    assert places(over) == {**places(full), light: f"c.{first_byte(light):02x}"}
    assert places(over)[light] != places(over)[heavy]


def test_a_job_keeps_its_name_between_versions_of_this_program() -> None:
    """A recorded value: the store, a retried job and a reader of logs know a job by its name."""
    projects = ("lxml", "mysqlclient", "netifaces", "numpy", "psutil", "pygraphviz", "uwsgi")
    light = [build(name) for name in (*projects, "xmlsec")]
    heavy = [build(name, size=3 * 10**9) for name in projects]

    assert places(light) == {
        "lxml": "c.5f",
        "mysqlclient": "c.0c",
        "netifaces": "c.00",
        "numpy": "c.73",
        "psutil": "c.7c",
        "pygraphviz": "c.3c",
        "uwsgi": "c.19",
        "xmlsec": "c.49",
    }
    assert places(heavy) == {
        "lxml": "c.df",
        "mysqlclient": "c.8c",
        "netifaces": "c.80",
        "numpy": "c.73",
        "psutil": "c.7c",
        "pygraphviz": "c.3c",
        "uwsgi": "c.99",
    }


def test_a_component_is_never_divided() -> None:
    other = neighbour("lxml")

    plan = places([build("lxml", size=10**9), build(other, "lxml", size=10**9)])

    assert plan[other] == plan["lxml"]


def test_a_job_has_an_estimate_of_its_duration() -> None:
    (job,) = group_jobs("c", [build("a", size=2_000_000, interpreters=3)])

    assert job.seconds == 3 * (60 + 100)


def test_a_measured_duration_replaces_the_estimate() -> None:
    files = [sdist("netifaces")]
    wanted = manifest("netifaces")
    (estimated, *_) = create_plan(wanted, lock(*files)).jobs
    past = {("netifaces", target): 400 for target in estimated.builds[0].targets[:1]}

    (measured, *_) = create_plan(wanted, lock(*files), past=past).jobs

    assert measured.id == estimated.id
    assert measured.seconds == 400 * len(estimated.targets)


@settings(max_examples=50, deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=60), st.integers(1, 12), st.data())
def test_builds_are_joined_into_jobs_of_about_the_same_length(
    names: set[str], most: int, data: st.DataObject
) -> None:
    sizes = {name: data.draw(st.integers(0, 40_000_000)) for name in sorted(names)}
    builds = [build(name, size=size) for name, size in sizes.items()]

    jobs = list(group_jobs("c", builds, most=most))

    assert len(jobs) <= most
    assert Counter(b.project for job in jobs for b in job.builds) == Counter(names)
    longest = max(map(estimate_seconds, builds))
    share = sum(map(estimate_seconds, builds)) / most
    assert max(job.seconds for job in jobs) <= 1.25 * share + longest + 1


def test_joined_jobs_are_the_same_in_any_order_and_few_move_for_a_new_project() -> None:
    builds = [build(f"p{number}", size=20_000 * (number % 50)) for number in range(100)]

    def place(builds: list[Build]) -> dict[str, str]:
        jobs = group_jobs("c", builds, most=5)
        return {build.project: job.id for job in jobs for build in job.builds}

    before, after = place(builds), place([*builds, build("new")])

    assert place(builds[::-1]) == before
    assert sum(before[name] != after[name] for name in before) <= 10


RUNNERS = """\
bundle: small
targets:
  prod: {platform: macosx_12_0_arm64, python: [3.9.18, 3.12.4]}
  intel: {platform: macosx_12_0_x86_64, python: [3.12.4]}
runners: [{match: "*", github: macos-15%s}]
packages: [%s]
"""


def joined(jobs: str) -> Plan:
    names = [f"p{number}" for number in range(40)]
    read_in = reading.read(RUNNERS % (jobs, ", ".join(names)))
    targets = ["cp312-macosx_12_0_arm64", "cp312-macosx_12_0_x86_64"]
    files = lock(*(sdist(name, targets=targets) for name in names))
    targets_of_lock = tuple(
        LockedTarget(id=t.id, python=str(t.python), platform=str(t.platform))
        for t in read_in.all_targets
    )
    return create_plan(read_in, dataclasses.replace(files, targets=targets_of_lock))


@pytest.mark.parametrize(("jobs", "most"), [("", 5), (", jobs: 3", 3), (", jobs: 1", 2)])
def test_the_classes_of_a_runner_share_its_machines(jobs: str, most: int) -> None:
    """Hosted macOS has 5 for a whole account; each class with builds has at least one job."""
    plan = joined(jobs)

    assert len(plan.jobs) == most
    assert {job.job_class for job in plan.jobs} == {item.id for item in plan.job_classes}


def test_machines_go_to_the_class_with_the_longest_jobs() -> None:
    assert divide(5, {"a": 300, "b": 50}) == {"a": 4, "b": 1}
    assert divide(1, {"a": 300, "b": 50}) == {"a": 1, "b": 1}
    assert divide(3, {}) == {}


def test_a_target_that_no_runner_builds_for_has_no_machines() -> None:
    elsewhere = Target.parse("3.12.4", "musllinux_1_2_s390x")

    assert list_machines(manifest("six"), {elsewhere: LINUX}) == ()
