"""What the services refuse is refused here: with count, cap and remedy."""

import dataclasses
import json

import pytest

from matrix.errors import UsageError
from matrix.manifest.model import Manifest
from matrix.manifest.services import GitLab
from matrix.pipelines import gitlab
from matrix.pipelines.limits import check_limit
from matrix.pipelines.providers import PROVIDERS
from matrix.plan.model import Cell, Plan, State

from .golden import cases, semantics
from .golden.everywhere import everywhere

GITHUB, GITLAB = PROVIDERS["github"], PROVIDERS["gitlab"]


def make_plan(manifest: Manifest, *counts: int) -> Plan:
    """A plan with so many jobs in each job class."""
    plan = cases.plan(manifest)
    shards = [
        dataclasses.replace(job, id=f"{job.job_class}.{number:02x}")
        for job, count in zip(plan.jobs, counts, strict=True)
        for number in range(count)
    ]
    return dataclasses.replace(plan, jobs=tuple(sorted(shards)))


def make_named_plan(manifest: Manifest, length: int) -> Plan:
    """A plan with one job whose name on GitLab has so many characters."""
    plan = cases.plan(manifest)
    (job,) = plan.jobs
    name = "j" * (length - len(gitlab.name_job(dataclasses.replace(job, id=""))))
    return dataclasses.replace(plan, jobs=(dataclasses.replace(job, id=name),))


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("github", "artifacts per run"),
        ("github", "job output bytes"),
        ("github", "jobs per matrix"),
        ("github", "release file bytes"),
        ("github", "workflow bytes"),
        ("gitlab", "child pipeline bytes"),
        ("gitlab", "job name characters"),
        ("gitlab", "job name characters where needed"),
        ("gitlab", "needs per job"),
        ("gitlab", "parallel jobs"),
        ("gitlab", "release file bytes"),
    ],
)
def test_a_limit_allows_its_cap_and_not_one_more(service: str, name: str) -> None:
    provider = PROVIDERS[service]
    cap = provider.limits[name]
    check_limit(provider, name, cap - 1, place="it", remedy="do less")
    check_limit(provider, name, cap, place="it", remedy="do less")

    with pytest.raises(UsageError) as error:
        check_limit(provider, name, cap + 1, place="it", remedy="do less")

    assert str(error.value) == (
        f"it: expected at most {cap:,} {name} on {service}, got {cap + 1:,}\n  hint: do less"
    )


@pytest.mark.parametrize("count", [255, 256])
def test_a_matrix_holds_256_jobs(count: int) -> None:
    manifest = cases.manifest("one-linux")

    outputs = GITHUB.render_outputs(manifest, make_plan(manifest, count))

    assert len(json.loads(outputs["manylinux-x86-64-cibw4"])) == count


def test_a_matrix_of_257_jobs_is_refused() -> None:
    manifest = cases.manifest("one-linux")

    with pytest.raises(UsageError) as error:
        GITHUB.render_outputs(manifest, make_plan(manifest, 257))

    assert str(error.value) == (
        "job class manylinux-x86-64-cibw4: "
        "expected at most 256 jobs per matrix on github, got 257\n"
        "  hint: give some of these targets a runner of their own: "
        "each runner has its own matrix"
    )


@pytest.mark.parametrize("last", [85, 86])
def test_a_run_keeps_500_artifacts(last: int) -> None:
    manifest = everywhere()

    outputs = GITHUB.render_outputs(manifest, make_plan(manifest, 200, 200, 8, last))

    assert outputs["empty"] == "false"


def test_a_run_of_501_artifacts_is_refused() -> None:
    manifest = everywhere()

    with pytest.raises(UsageError) as error:
        GITHUB.render_outputs(manifest, make_plan(manifest, 200, 200, 8, 87))

    assert str(error.value) == (
        "the plan: expected at most 500 artifacts per run on github, got 501\n"
        "  hint: plan fewer projects at a time: move some to a manifest of their own"
    )


@pytest.mark.parametrize(("length", "fits"), [(254, True), (255, True), (256, False)])
def test_a_job_name_of_gitlab_has_255_characters(length: int, fits: bool) -> None:
    manifest = cases.manifest("one-linux")
    plan = make_named_plan(manifest, length)

    if fits:
        assert f'\n"build-{plan.jobs[0].id}: netifaces":\n' in GITLAB.render_child(manifest, plan)
    else:
        with pytest.raises(UsageError, match="expected at most 255 job name characters on gitlab"):
            GITLAB.render_child(manifest, plan)


def test_the_largest_plan_of_four_classes_fits_both_services() -> None:
    manifest = everywhere()
    plan = make_plan(manifest, 123, 123, 124, 124)

    outputs = GITHUB.render_outputs(manifest, plan)
    child = GITLAB.render_child(manifest, plan)

    assert sum(map(len, outputs.values())) * 2 < GITHUB.limits["job output bytes"] / 10
    assert len(child) < GITLAB.limits["child pipeline bytes"] / 10


@pytest.mark.parametrize(
    ("megabytes", "limit", "fits"),
    [(99, 0, True), (100, 0, True), (101, 0, False), (101, 101, True), (102, 101, False)],
)
def test_a_bundle_is_an_artifact_where_the_instance_takes_it(
    megabytes: int, limit: int, fits: bool
) -> None:
    manifest = dataclasses.replace(
        cases.manifest("one-linux"), gitlab=GitLab(artifact_megabytes=limit)
    )
    plan = make_plan(manifest, 1)
    cell = Cell(
        project="numpy",
        version="1",
        target=plan.targets[0].id if plan.targets else "t",
        state=State.PUBLISHED,
        reason="a wheel on the index",
        filename="numpy-1-cp312-cp312-manylinux_2_28_x86_64.whl",
        size=megabytes << 20,
    )
    heavy = dataclasses.replace(plan, cells=(*plan.cells, cell))

    bundle = semantics.parse(GITLAB.render_child(manifest, heavy))["bundle"]
    assert bundle.get("artifacts", {}).get("paths") == (["release/"] if fits else None)
