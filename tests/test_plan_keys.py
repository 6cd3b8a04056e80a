"""The keys of a plan's cells: digests of the very configuration that a build job computes."""

from pathlib import Path

import pytest

from matrix.builds.task import Task
from matrix.builds.wheelhouse import Wheelhouse
from matrix.configurations.configuration import configure_build
from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.plan.inventory import ReusedWheel
from matrix.plan.job_classes import assign_job_classes
from matrix.plan.keys import KeyFinder
from matrix.plan.planning import create_plan
from matrix.resolve.lock import Lock

from . import locks
from .locks import P27, P39, P312, WIN
from .manifests import manifest
from .test_plan_builds import build_row, with_builds

RECIPE = """\
recipes:
  fast:
    environment: {CFLAGS: -O1}
    requires: [setuptools<81]
    system: {dnf: [libffi-devel], apt: [libffi-dev], choco: [libffi]}
    repair: {exclude: [libx.so.1]}
    config-settings: {setup-args: -Da=1}
"""


def find_task(wanted: Manifest, lock: Lock, target: str) -> Task:
    """The task of a job for the build that serves ``target``."""
    plan = create_plan(wanted, lock)
    (job,) = [job for job in plan.jobs if target in job.targets]
    (build,) = job.builds
    return Task(
        build=build,
        job=job,
        plan=plan,
        manifest=wanted,
        prerequisites=(),
        wheelhouse=Wheelhouse(
            wheels=tuple(map(Path, build.build_requirements)), is_complete=not build.unlocked
        ),
    )


@pytest.mark.parametrize("target", [P27, P39, WIN])
@pytest.mark.parametrize("is_pure", [False, True], ids=["native", "pure"])
@pytest.mark.parametrize("reason", ["", "no wheel"], ids=["locked", "unlocked"])
def test_the_key_is_computed_from_the_configuration_that_the_job_runs(
    target: str, reason: str, *, is_pure: bool
) -> None:
    wanted = manifest("fast", more=RECIPE)
    lock = with_builds(
        locks.lock(locks.sdist("fast", targets=(target,))),
        build_row("fast", target, is_pure=is_pure, reason=reason),
    )
    by_target = {each.id: item for each, item in assign_job_classes(wanted).items()}
    finder = KeyFinder(wanted, lock, class_by_target=by_target)

    of_the_key = configure_build(finder._find_inputs(lock.files[0], target))
    of_the_job = configure_build(find_task(wanted, lock, target).inputs)

    assert of_the_key == of_the_job


def test_a_new_interpreter_changes_the_keys_of_no_other() -> None:
    wanted = manifest("fast")
    few = with_builds(locks.lock(locks.sdist("fast", targets=(P39,))), build_row("fast", P39))
    more = with_builds(
        locks.lock(locks.sdist("fast", targets=(P39, P312))), build_row("fast", P39, P312)
    )

    (before,) = create_plan(wanted, few).cells
    after = {cell.target: cell for cell in create_plan(wanted, more).cells}

    assert after[P39].keys == before.keys
    assert after[P312].keys != before.keys


MACS = """\
bundle: b
targets:
  new: {platform: macosx_13_0_arm64, python: [3.12.4]}
  old: {platform: macosx_12_0_arm64, python: [3.11.4]}
runners: [{match: "*", github: macos-15}]
packages: [fast]
"""


def test_an_older_macos_of_the_class_changes_the_keys_of_the_newer_one() -> None:
    """One wheel may serve both, so the older system decides how both are built."""
    wanted = read(MACS)
    new, old = "cp312-macosx_13_0_arm64", "cp311-macosx_12_0_arm64"
    alone = with_builds(locks.lock(locks.sdist("fast", targets=(new,))), build_row("fast", new))
    both = with_builds(
        locks.lock(locks.sdist("fast", targets=(new, old))), build_row("fast", new, old)
    )

    (before,) = create_plan(wanted, alone).cells
    plan = create_plan(wanted, both)

    after = {cell.target: cell for cell in plan.cells}
    assert after[new].content_key != before.content_key
    assert [build.deployment_target for job in plan.jobs for build in job.builds] == ["12.0"]
    # When the older one is reused, the newer one is still built for it.
    known = {
        (after[old].keys, old): ReusedWheel(
            filename="fast-1.0-cp311-cp311-macosx_12_0_arm64.whl", sha256="1" * 64, size=1
        )
    }
    again = create_plan(wanted, both, inventory=known)
    assert [build.deployment_target for job in again.jobs for build in job.builds] == ["12.0"]
    assert [build.targets for job in again.jobs for build in job.builds] == [(new,)]
