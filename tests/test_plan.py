import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.documents.fields import Pins
from matrix.plan import planfile
from matrix.plan.inventory import ReusedWheel
from matrix.plan.job_classes import assign_job_classes
from matrix.plan.model import Cell, Plan, State
from matrix.plan.planning import create_plan
from matrix.resolve.lock import Lock, LockedFile, LockedTarget, NoSolution, Solution

from .manifests import manifest

P39, P312 = "cp39-manylinux_2_28_x86_64", "cp312-manylinux_2_28_x86_64"
P27, WIN = "cp27-manylinux_2_17_x86_64", "cp312-win_amd64"
NETIFACES = canonicalize_name("netifaces")


def row(filename: str, *targets: str, sha256: str = "0" * 64) -> LockedFile:
    return LockedFile(
        project=NETIFACES,
        version=Version("0.11.0"),
        filename=filename,
        sha256=sha256,
        size=1000,
        targets=tuple(sorted(targets)),
    )


def lock(*files: LockedFile, impossible: tuple[NoSolution, ...] = ()) -> Lock:
    targets = {target for file in files for target in file.targets}
    return Lock(
        targets=tuple(
            LockedTarget(id=t.id, python=str(t.python), platform=str(t.platform))
            for t in manifest("netifaces").all_targets
        ),
        files=files,
        solutions=(
            Solution(
                root="netifaces",
                requirements=("netifaces",),
                targets=tuple(sorted(targets)),
                pins=Pins([(NETIFACES, Version("0.11.0"))]),
            ),
        ),
        impossible=impossible,
    )


def cells(plan: Plan) -> dict[str, Cell]:
    return {cell.target: cell for cell in plan.cells}


def test_every_cell_has_a_state_and_a_reason() -> None:
    plan = create_plan(
        manifest("{requirement: netifaces, exclude: [{target: desktop, reason: none wanted}]}"),
        lock(
            row("netifaces-0.11.0-cp39-cp39-manylinux_2_5_x86_64.whl", P39),
            row("netifaces-0.11.0.tar.gz", P27),
            impossible=(
                NoSolution(
                    root="netifaces", requirements=("netifaces",), target=P312, reason="no file"
                ),
            ),
        ),
    )

    assert {target: (cell.state, cell.reason) for target, cell in cells(plan).items()} == {
        P27: (State.BUILD, "no wheel on the index for this target"),
        P39: (State.PUBLISHED, "a wheel on the index"),
        P312: (State.IMPOSSIBLE, "no file"),
        WIN: (State.EXCLUDED, "none wanted"),
    }


def test_a_pure_wheel_is_published_for_every_platform() -> None:
    plan = create_plan(manifest("netifaces"), lock(row("netifaces-0.11.0-py3-none-any.whl", P39)))

    assert cells(plan)[P39].state is State.PUBLISHED
    assert cells(plan)[P39].reason == "one wheel for every platform"


def test_source_build_names_its_line() -> None:
    plan = create_plan(
        manifest("{requirement: netifaces, source: build}"),
        lock(row("netifaces-0.11.0.tar.gz", P39)),
    )

    assert cells(plan)[P39].reason == "`source: build`, packages.yaml line 14"


def test_cells_of_one_sdist_and_class_are_one_build() -> None:
    plan = create_plan(
        manifest("netifaces"), lock(row("netifaces-0.11.0.tar.gz", P27, P39, P312, WIN))
    )

    assert {job.id: [(b.identifiers, b.targets) for b in job.builds] for job in plan.jobs} == {
        "manylinux-x86-64-cibw1.00": [(("cp27-manylinux_x86_64",), (P27,))],
        "manylinux-x86-64-cibw4.00": [
            (("cp39-manylinux_x86_64", "cp312-manylinux_x86_64"), (P312, P39))
        ],
        "win-amd64-cibw4.00": [(("cp312-win_amd64",), (WIN,))],
    }


def test_every_build_cell_belongs_to_exactly_one_job() -> None:
    plan = create_plan(
        manifest("netifaces"), lock(row("netifaces-0.11.0.tar.gz", P27, P39, P312, WIN))
    )

    owed = {(cell.job, cell.target) for cell in plan.cells}
    assert owed == {(job.id, target) for job in plan.jobs for target in job.targets}


def test_a_wheel_of_the_previous_bundle_with_the_same_content_key_is_reused() -> None:
    files = lock(row("netifaces-0.11.0.tar.gz", P39, P312))
    first = create_plan(manifest("netifaces"), files)
    carried = ReusedWheel(
        filename="netifaces-0.11.0-cp39-cp39-manylinux_2_28_x86_64.whl", sha256="1" * 64, size=7
    )
    inventory = {(cells(first)[P39].keys, P39): carried}

    again = create_plan(manifest("netifaces"), files, inventory=inventory)

    assert (cells(again)[P39].state, cells(again)[P39].sha256) == (State.REUSED, "1" * 64)
    assert cells(again)[P312].state is State.BUILD


@pytest.mark.parametrize(
    "more",
    [
        "recipes: {netifaces: {system: {apt: [libfoo-dev]}}}\n",
        "recipes: {netifaces: {environment: {CFLAGS: -O1}}}\n",
        "recipes: {netifaces: {requires: [setuptools<81]}}\n",
    ],
)
def test_another_recipe_changes_the_content_key(more: str) -> None:
    files = lock(row("netifaces-0.11.0.tar.gz", P39))

    plain, changed = (
        create_plan(manifest("netifaces"), files),
        create_plan(manifest("netifaces", more=more), files),
    )

    assert cells(plain)[P39].content_key != cells(changed)[P39].content_key


def test_another_sdist_changes_the_content_key() -> None:
    build = create_plan(manifest("netifaces"), lock(row("netifaces-0.11.0.tar.gz", P39)))
    other = create_plan(
        manifest("netifaces"), lock(row("netifaces-0.11.0.tar.gz", P39, sha256="f" * 64))
    )

    assert cells(build)[P39].content_key != cells(other)[P39].content_key


def test_a_class_builds_on_the_lowest_floor_of_its_targets() -> None:
    wanted = manifest("netifaces")
    classes = {t.id: build for t, build in assign_job_classes(wanted).items()}

    assert classes[P39].image == classes[P312].image
    assert "manylinux_2_28_x86_64@sha256:" in classes[P39].image
    assert "manylinux2010_x86_64" in classes[P27].image
    assert (classes[WIN].image, classes[WIN].system) == ("", "windows")


def test_job_classes_do_not_depend_on_the_requirements() -> None:
    few, many = manifest("netifaces"), manifest("netifaces", "numpy", "requests")

    assert assign_job_classes(few) == assign_job_classes(many)


def test_a_job_s_name_is_safe_everywhere() -> None:
    file = dataclasses.replace(row("netifaces-1!2.0+local.tar.gz", P39), version=Version("1!2+l"))

    plan = create_plan(manifest("netifaces"), lock(file))

    assert [(job.id, job.builds[0].label) for job in plan.jobs] == [
        ("manylinux-x86-64-cibw4.00", "netifaces 1!2+l")
    ]


def test_the_order_of_the_manifest_changes_nothing() -> None:
    files = lock(row("netifaces-0.11.0.tar.gz", P39, P312))

    build, other = manifest("netifaces", "attrs"), manifest("attrs", "netifaces")

    assert planfile.dump(create_plan(build, files)) == planfile.dump(create_plan(other, files))


@given(st.sets(st.sampled_from([P27, P39, P312, WIN]), min_size=1))
def test_a_plan_survives_being_written(targets: set[str]) -> None:
    plan = create_plan(manifest("netifaces"), lock(row("netifaces-0.11.0.tar.gz", *targets)))

    assert planfile.parse(planfile.dump(plan), source="plan.json") == plan
