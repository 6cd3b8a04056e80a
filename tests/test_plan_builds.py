"""Builds of a plan: their build requirements, and pure wheels that several targets share."""

import dataclasses

from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.manifest.reading import read
from matrix.plan.inventory import ReusedWheel
from matrix.plan.model import Build, Plan, State
from matrix.plan.planning import create_plan
from matrix.resolve import freshness
from matrix.resolve.lock import BuildFile, Lock, LockedBuild

from . import locks
from .locks import P27, P39, P312, WIN
from .manifests import manifest, text

EVERYWHERE = (P27, P39, P312, WIN)


def build_file(project: str, version: str) -> BuildFile:
    name = f"{project}-{version}-py3-none-any.whl"
    return BuildFile(
        project=canonicalize_name(project),
        version=Version(version),
        filename=name,
        sha256=version[0] * 64,
        size=10,
    )


OLD, NEW, TOOL = (
    build_file("setuptools", "44"),
    build_file("setuptools", "80"),
    build_file("virtualenv", "20"),
)


def build_row(
    project: str,
    *targets: str,
    file: BuildFile = NEW,
    is_pure: bool = False,
    reason: str = "",
) -> LockedBuild:
    return LockedBuild(
        sdist=f"{project}-1.0.tar.gz",
        targets=tuple(sorted(targets)),
        declared=("setuptools",),
        constraints=(),
        tested=(),
        build=() if reason else (file.filename,),
        test=() if reason else (TOOL.filename,),
        is_pure=is_pure,
        reason=reason,
    )


def with_builds(lock: Lock, *rows: LockedBuild) -> Lock:
    return dataclasses.replace(lock, builds=rows, build_files=(OLD, NEW, TOOL))


def builds(plan: Plan) -> dict[str, Build]:
    return {f"{job.job_class} {build.project}": build for job in plan.jobs for build in job.builds}


def test_a_build_has_the_build_requirements_of_its_targets() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("fast", targets=(P39, P312))),
        build_row("fast", P39, file=OLD),
        build_row("fast", P312),
    )

    plan = create_plan(manifest("fast"), lock)
    (build,) = builds(plan).values()

    assert build.build_requirements == (OLD.filename, NEW.filename, TOOL.filename)
    assert build.unlocked == ""
    assert [file.filename for file in plan.build_requirements] == list(build.build_requirements)


def test_an_unlocked_build_has_the_reason() -> None:
    base = locks.lock(locks.sdist("fast", targets=(P39, P312)))
    half = with_builds(base, build_row("fast", P39))
    failed = with_builds(
        base, build_row("fast", P39), build_row("fast", P312, reason="no wheel of cython")
    )

    assert [b.unlocked for b in builds(create_plan(manifest("fast"), half)).values()] == [
        "the lock has no build requirements for it"
    ]
    assert [b.unlocked for b in builds(create_plan(manifest("fast"), failed)).values()] == [
        "no wheel of cython"
    ]


def test_a_pure_sdist_is_built_in_each_class() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("calm", targets=EVERYWHERE)),
        build_row("calm", *EVERYWHERE, is_pure=True),
    )

    plan = builds(create_plan(manifest("calm"), lock))

    assert {name: (build.identifiers, build.targets) for name, build in plan.items()} == {
        "manylinux-x86-64-cibw1 calm": (("cp27-manylinux_x86_64",), (P27,)),
        "manylinux-x86-64-cibw4 calm": (
            ("cp39-manylinux_x86_64", "cp312-manylinux_x86_64"),
            (P312, P39),
        ),
        "win-amd64-cibw4 calm": (("cp312-win_amd64",), (WIN,)),
    }
    assert all(build.is_pure for build in plan.values())


def test_one_class_may_build_two_wheels_of_a_pure_sdist() -> None:
    wanted = read(
        "bundle: b\ntargets: {old: {platform: manylinux_2_17_x86_64, python: [2.7.18, 3.5.10]}}\n"
        "runners: [{match: '*', github: ubuntu-24.04}]\npackages: [calm]\n"
    )
    targets = [target.id for target in wanted.all_targets]
    lock = with_builds(
        locks.lock(locks.sdist("calm", targets=targets)),
        build_row("calm", *targets, is_pure=True),
    )

    (job,) = create_plan(wanted, lock).jobs

    assert [build.identifiers for build in job.builds] == [
        ("cp27-manylinux_x86_64",),
        ("cp35-manylinux_x86_64",),
    ]


def test_a_build_needs_the_pure_wheel_of_its_own_class() -> None:
    lock = with_builds(
        locks.lock(
            locks.sdist("calm", targets=(P312, WIN)),
            locks.sdist("fast", "calm", targets=(P312, WIN)),
        ),
        build_row("calm", P312, WIN, is_pure=True),
        build_row("fast", P312, WIN),
    )

    plan = builds(create_plan(manifest("calm", "fast"), lock))

    assert plan["manylinux-x86-64-cibw4 fast"].after == ("calm",)
    assert plan["win-amd64-cibw4 fast"].after == ("calm",)
    assert not any(build.unlocked for build in plan.values())


def test_a_pure_wheel_is_reused_for_all_its_targets_or_for_none() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("calm", targets=(P312, WIN))),
        build_row("calm", P312, WIN, is_pure=True),
    )
    first = create_plan(manifest("calm"), lock)
    carried = ReusedWheel(filename="calm-1.0-py3-none-any.whl", sha256="1" * 64, size=5)
    here = {(c.keys, c.target): carried for c in first.cells if c.target == P312}

    again = create_plan(manifest("calm"), lock, inventory=here)

    assert {cell.state for cell in again.cells} == {State.BUILD}
    assert again.jobs == first.jobs


def test_another_build_requirement_changes_the_content_key() -> None:
    base = locks.lock(locks.sdist("fast", targets=(P39, P312)))
    old = create_plan(manifest("fast"), with_builds(base, build_row("fast", P39, P312, file=OLD)))
    new = create_plan(
        manifest("fast"),
        with_builds(base, build_row("fast", P39, file=OLD), build_row("fast", P312)),
    )
    was = {cell.target: cell.content_key for cell in old.cells}
    now = {cell.target: cell.content_key for cell in new.cells}

    assert was[P39] == now[P39]
    assert was[P312] != now[P312]


def test_a_reused_pure_wheel_is_found_by_the_key_of_each_target() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("calm", targets=(P39, P312, WIN))),
        build_row("calm", P39, file=OLD, is_pure=True),
        build_row("calm", P312, WIN, is_pure=True),
    )
    first = create_plan(manifest("calm"), lock)
    carried = ReusedWheel(filename="calm-1.0-py3-none-any.whl", sha256="1" * 64, size=5)
    again = create_plan(
        manifest("calm"), lock, inventory={(c.keys, c.target): carried for c in first.cells}
    )

    assert {cell.state for cell in again.cells} == {State.REUSED}
    assert again.jobs == ()
    assert again.build_requirements == ()


def test_the_upload_time_of_an_sdist_is_its_builds_clock() -> None:
    file = dataclasses.replace(locks.sdist("fast"), uploaded="2026-11-23T04:47:46Z")
    lock = with_builds(locks.lock(file), build_row("fast", P312))

    (build,) = builds(create_plan(manifest("fast"), lock)).values()

    assert build.epoch == 1795409266


def test_a_changed_recipe_makes_the_lock_stale() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("fast", targets=EVERYWHERE)), build_row("fast", *EVERYWHERE)
    )
    other = read(text("fast") + "recipes: {fast: {requires: [cython<3]}}")
    tested = read(text("fast") + "recipes: {fast: {test: {requires: [pytest]}}}")

    assert freshness.find_staleness(manifest("fast"), lock) == ()
    assert freshness.find_staleness(other, lock) == (
        "recipes.fast.requires is not what the lock was made for",
    )
    assert freshness.find_staleness(tested, lock) == (
        "recipes.fast.test.requires is not what the lock was made for",
    )
    assert freshness.find_staleness(manifest("fast"), dataclasses.replace(lock, builds=())) == (
        "the build requirements of fast-1.0.tar.gz are not locked",
    )
