"""Builds of a plan: what each installs, and where one wheel is built for all."""

import dataclasses

from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.manifest.reading import read
from matrix.plan.cells import epoch
from matrix.plan.inventory import ReusedWheel
from matrix.plan.model import Build, Plan, State
from matrix.plan.planning import plan
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


def locked_build(
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
        asked=(),
        tested=(),
        build=() if reason else (file.filename,),
        test=() if reason else (TOOL.filename,),
        is_pure=is_pure,
        reason=reason,
    )


def with_builds(lock: Lock, *rows: LockedBuild) -> Lock:
    return dataclasses.replace(lock, builds=rows, build_files=(OLD, NEW, TOOL))


def builds(made: Plan) -> dict[str, Build]:
    return {f"{job.job_class} {one.project}": one for job in made.jobs for one in job.builds}


def test_a_build_carries_the_stock_of_its_targets() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("fast", targets=(P39, P312))),
        locked_build("fast", P39, file=OLD),
        locked_build("fast", P312),
    )

    made = plan(manifest("fast"), lock)
    (build,) = builds(made).values()

    assert build.stock == (OLD.filename, NEW.filename, TOOL.filename)
    assert build.unlocked == ""
    assert [file.filename for file in made.build_files] == list(build.stock)


def test_a_build_says_why_its_stock_is_incomplete() -> None:
    base = locks.lock(locks.sdist("fast", targets=(P39, P312)))
    half = with_builds(base, locked_build("fast", P39))
    failed = with_builds(
        base, locked_build("fast", P39), locked_build("fast", P312, reason="no wheel of cython")
    )

    assert [b.unlocked for b in builds(plan(manifest("fast"), half)).values()] == [
        "the lock says nothing of its build requirements"
    ]
    assert [b.unlocked for b in builds(plan(manifest("fast"), failed)).values()] == [
        "no wheel of cython"
    ]


def test_a_pure_sdist_is_built_in_each_class() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("calm", targets=EVERYWHERE)),
        locked_build("calm", *EVERYWHERE, is_pure=True),
    )

    made = builds(plan(manifest("calm"), lock))

    assert {name: (one.identifiers, one.targets) for name, one in made.items()} == {
        "manylinux-x86-64-cibw1 calm": (("cp27-manylinux_x86_64",), (P27,)),
        "manylinux-x86-64-cibw4 calm": (
            ("cp39-manylinux_x86_64", "cp312-manylinux_x86_64"),
            (P312, P39),
        ),
        "win-amd64-cibw4 calm": (("cp312-win_amd64",), (WIN,)),
    }
    assert all(one.is_pure for one in made.values())


def test_one_class_may_make_two_wheels_of_a_pure_sdist() -> None:
    wanted = read(
        "bundle: b\ntargets: {old: {platform: manylinux_2_17_x86_64, python: [2.7.18, 3.5.10]}}\n"
        "runners: [{match: '*', github: ubuntu-24.04}]\npackages: [calm]\n"
    )
    targets = [target.id for target in wanted.all_targets]
    lock = with_builds(
        locks.lock(locks.sdist("calm", targets=targets)),
        locked_build("calm", *targets, is_pure=True),
    )

    (job,) = plan(wanted, lock).jobs

    assert [build.identifiers for build in job.builds] == [
        ("cp27-manylinux_x86_64",),
        ("cp35-manylinux_x86_64",),
    ]


def test_what_needs_a_pure_wheel_is_given_the_one_of_its_own_class() -> None:
    lock = with_builds(
        locks.lock(
            locks.sdist("calm", targets=(P312, WIN)),
            locks.sdist("fast", "calm", targets=(P312, WIN)),
        ),
        locked_build("calm", P312, WIN, is_pure=True),
        locked_build("fast", P312, WIN),
    )

    made = builds(plan(manifest("calm", "fast"), lock))

    assert made["manylinux-x86-64-cibw4 fast"].after == ("calm",)
    assert made["win-amd64-cibw4 fast"].after == ("calm",)
    assert not any(build.unlocked for build in made.values())


def test_a_pure_wheel_is_carried_over_for_all_its_targets_or_built_again_for_all() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("calm", targets=(P312, WIN))),
        locked_build("calm", P312, WIN, is_pure=True),
    )
    first = plan(manifest("calm"), lock)
    carried = ReusedWheel(filename="calm-1.0-py3-none-any.whl", sha256="1" * 64, size=5)
    here = {(c.key, c.target): carried for c in first.cells if c.target == P312}

    again = plan(manifest("calm"), lock, inventory=here)

    assert {cell.state for cell in again.cells} == {State.BUILD}
    assert again.jobs == first.jobs


def test_another_build_requirement_is_another_key() -> None:
    base = locks.lock(locks.sdist("fast", targets=(P39, P312)))
    old = plan(manifest("fast"), with_builds(base, locked_build("fast", P39, P312, file=OLD)))
    new = plan(
        manifest("fast"),
        with_builds(base, locked_build("fast", P39, file=OLD), locked_build("fast", P312)),
    )
    was = {cell.target: cell.key for cell in old.cells}
    now = {cell.target: cell.key for cell in new.cells}

    assert was[P39] == now[P39]
    assert was[P312] != now[P312]


def test_a_reused_pure_wheel_is_found_by_each_target_s_key() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("calm", targets=(P39, P312, WIN))),
        locked_build("calm", P39, file=OLD, is_pure=True),
        locked_build("calm", P312, WIN, is_pure=True),
    )
    first = plan(manifest("calm"), lock)
    carried = ReusedWheel(filename="calm-1.0-py3-none-any.whl", sha256="1" * 64, size=5)
    again = plan(
        manifest("calm"), lock, inventory={(c.key, c.target): carried for c in first.cells}
    )

    assert {cell.state for cell in again.cells} == {State.REUSED}
    assert again.jobs == ()
    assert again.build_files == ()


def test_the_upload_time_of_an_sdist_is_its_builds_clock() -> None:
    file = dataclasses.replace(locks.sdist("fast"), uploaded="2026-11-23T04:47:46Z")
    lock = with_builds(locks.lock(file), locked_build("fast", P312))

    (build,) = builds(plan(manifest("fast"), lock)).values()

    assert build.epoch == epoch("2026-11-23T04:47:46Z") == 1795409266


def test_a_lock_is_stale_when_a_recipe_asks_for_other_things() -> None:
    lock = with_builds(
        locks.lock(locks.sdist("fast", targets=EVERYWHERE)), locked_build("fast", *EVERYWHERE)
    )
    other = read(text("fast") + "recipes: {fast: {requires: [cython<3]}}")
    tested = read(text("fast") + "recipes: {fast: {test: {requires: [pytest]}}}")

    assert freshness.staleness(manifest("fast"), lock) == ()
    assert freshness.staleness(other, lock) == (
        "recipes.fast.requires is not what the lock was made for",
    )
    assert freshness.staleness(tested, lock) == (
        "recipes.fast.test.requires is not what the lock was made for",
    )
    assert freshness.staleness(manifest("fast"), dataclasses.replace(lock, builds=())) == (
        "the build requirements of fast-1.0.tar.gz are not locked",
    )
