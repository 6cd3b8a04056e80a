"""What is generated: goldens, references, parity, and what depends on what."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matrix.errors import ManifestError, UsageError
from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.manifest.reading import load, read
from matrix.pipelines import agreement, drift, github, gitlab, providers
from matrix.plan import planfile
from matrix.plan.job_classes import assign_job_classes
from matrix.plan.model import Plan
from matrix.plan.shards import job_id

from .golden import cases, semantics
from .golden.everywhere import SEATS, TEXT, everywhere
from .golden.gitlab_semantics import gitlab_problems, jobs_of, merge_job

ROOT = Path(__file__).parent.parent
GITHUB, GITLAB = github.GitHub(), gitlab.GitLab()


def one_linux() -> str:
    return (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")


# goldens


@pytest.mark.parametrize("case", cases.NAMES)
def test_a_golden_case_produces_its_files(case: str) -> None:
    assert cases.outputs(case) == cases.read_golden(case)


@pytest.mark.parametrize("case", cases.NAMES)
def test_the_parts_of_a_golden_pipeline_refer_to_each_other(case: str) -> None:
    texts = cases.outputs(case)
    manifest = cases.manifest(case)
    outputs = GITHUB.render_outputs(manifest, cases.plan(manifest))

    if github.WORKFLOW in texts:
        assert semantics.github_problems(texts[github.WORKFLOW], outputs) == []
    for name in {gitlab.PARENT, "child.yml", "empty-child.yml"} & texts.keys():
        assert gitlab_problems(texts[name]) == [], name


def test_the_parts_of_a_large_pipeline_refer_to_each_other() -> None:
    manifest = everywhere()
    plan = cases.plan(manifest, projects=("netifaces", "psutil"))

    texts = providers.render_committed(manifest)
    child = GITLAB.render_child(manifest, plan)
    outputs = GITHUB.render_outputs(manifest, plan)
    assert semantics.github_problems(texts[github.WORKFLOW], outputs) == []
    assert gitlab_problems(texts[gitlab.PARENT]) == gitlab_problems(child) == []


# what depends on what


def test_adding_a_project_changes_no_committed_file() -> None:
    larger = one_linux().replace("packages: [netifaces]", "packages: [netifaces, numpy >=2]")

    assert larger != one_linux()
    assert providers.render_committed(read(larger)) == providers.render_committed(read(one_linux()))


def test_a_line_end_of_another_system_changes_no_committed_file(tmp_path: Path) -> None:
    unix = cases.ROOT / "one-linux" / "packages.yaml"
    windows = tmp_path / "packages.yaml"
    windows.write_bytes(unix.read_bytes().replace(b"\n", b"\r\n"))

    assert providers.render_committed(load(windows)) == providers.render_committed(load(unix))


def test_the_same_bytes_come_out_everywhere(tmp_path: Path) -> None:
    for case in cases.NAMES:
        unix = (cases.ROOT / case / "packages.yaml").read_bytes()
        (tmp_path / case).mkdir()
        (tmp_path / case / "packages.yaml").write_bytes(unix.replace(b"\n", b"\r\n"))
    script = (
        "import pathlib, sys; from tests.golden import cases;"
        "from matrix.pipelines.github import GitHub;"
        "cases.ROOT = pathlib.Path(sys.argv[1]); made = [cases.manifest(c) for c in cases.NAMES];"
        "print([cases.outputs(c) for c in cases.NAMES]);"
        "print([GitHub().render_outputs(one, cases.plan(one)) for one in made])"
    )
    surroundings = [
        ({"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"}, ROOT, cases.ROOT),
        ({"PYTHONHASHSEED": "7", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}, tmp_path, tmp_path),
    ]

    printed = {
        subprocess.run(
            [sys.executable, "-c", script, str(manifests)],
            env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
            cwd=directory,
            capture_output=True,
            check=True,
        ).stdout
        for variables, directory, manifests in surroundings
    }

    assert len(printed) == 1
    assert len(printed.pop()) > 10_000


def test_the_repositorys_own_pipelines_are_the_generated_ones() -> None:
    drift.check(ROOT, providers.render_committed(load(ROOT / "packages.yaml")))


def test_a_service_that_no_runner_names_gets_no_file() -> None:
    manifest = cases.manifest("closed-runners")

    assert list(providers.render_committed(manifest)) == [".gitattributes", ".gitlab-ci.yml"]
    assert GITHUB.render_outputs(manifest, cases.plan(manifest)) == {}


def test_gitlab_gets_no_file_when_all_runners_are_githubs() -> None:
    manifest = cases.manifest("enterprise-server")

    assert list(providers.render_committed(manifest)) == [
        ".gitattributes",
        ".github/workflows/wheels.yml",
    ]
    assert GITLAB.render_child(manifest, cases.plan(manifest)) == ""


def test_a_runner_that_one_service_cannot_find_is_named() -> None:
    text = TEXT.replace("github: macos-15, ", "")
    for seat in SEATS:
        text = text.replace(f"@{seat}@", "x")

    with pytest.raises(ManifestError) as error:
        providers.render_committed(read(text))

    assert str(error.value) == (
        "packages.yaml: runners: expected `github` for macosx_arm64, as others have it\n"
        "  hint: add `github:` to the runner that matches macosx_arm64"
    )


def test_a_runner_may_be_found_by_its_group() -> None:
    jobs = semantics.parse(providers.render_committed(everywhere())[github.WORKFLOW])["jobs"]

    build = jobs["build-win-amd64-cibw4"]
    assert build["runs-on"] == {"group": "my-group", "labels": ["windows"]}
    assert "Set up Python" not in [step["name"] for step in build["steps"]]


def test_a_group_needs_no_label() -> None:
    text = one_linux().replace("github: ubuntu-24.04", "github: {group: wheel-builders}")

    jobs = semantics.parse(providers.render_committed(read(text))[github.WORKFLOW])["jobs"]

    assert {str(job["runs-on"]) for job in jobs.values()} == {"{'group': 'wheel-builders'}"}


def test_another_name_of_the_manifest_reaches_every_command() -> None:
    committed = providers.render_committed(read(one_linux(), source="wheels.yaml"))

    workflow = committed[github.WORKFLOW]
    needing = (
        "lock",
        "store",
        "wait",
        "generate",
        "check",
        "plan",
        "report",
        "build",
        "bundle",
        "runner",
    )
    lines = [line for line in workflow.splitlines() if "/wheelyard " in line]
    assert all(
        (" --manifest wheels.yaml" in line) == any(f"wheelyard {v} " in line for v in needing)
        for line in lines
        if "# " not in line
    )
    assert "#   wheelyard generate --manifest wheels.yaml\n" in workflow


# parity

GROUPS = {
    "prod": "{platform: manylinux_2_28_x86_64, python: [3.11.9, 3.12.4]}",
    "legacy": "{platform: manylinux_2_17_x86_64, python: [2.7.18]}",
    "alpine": "{platform: musllinux_1_2_x86_64, python: [3.12.4]}",
    "desktop": "{platform: win_amd64, python: [3.8.10, 3.12.4]}",
    "laptop": "{platform: macosx_12_0_arm64, python: [3.12.4]}",
}
PATTERNS = ("manylinux_2_28*", "manylinux*", "musllinux*", "win_*", "macosx_*")


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Some of the targets, on a runner each or on shared ones."""
    groups = draw(st.lists(st.sampled_from(sorted(GROUPS)), min_size=1, unique=True))
    patterns = [*draw(st.lists(st.sampled_from(PATTERNS), unique=True)), "*"]
    lines = ["bundle: some", "packages: [netifaces]", "tool: .", "targets:"]
    lines += [f"  {name}: {GROUPS[name]}" for name in groups]
    lines += ["runners:"]
    for number, pattern in enumerate(patterns):
        labels = f"github: [self-hosted, g{number}], gitlab: [t{number}]"
        lines.append(f'  - {{match: "{pattern}", {labels}}}')
    return read("\n".join(lines))


@st.composite
def plans(draw: st.DrawFn) -> tuple[Manifest, Plan]:
    manifest = draw(manifests())
    classes = sorted(set(assign_job_classes(manifest).values()))
    projects = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
    rows = draw(st.sets(st.tuples(projects, st.sampled_from(classes)), max_size=12))
    jobs = {
        job.id: job
        for job in (cases.job(name, "1.0", job_class) for name, job_class in sorted(rows))
    }
    return manifest, dataclasses.replace(
        cases.plan(manifest, projects=()), jobs=tuple(sorted(jobs.values()))
    )


def jobs_on_github(manifest: Manifest, plan: Plan) -> dict[str, str]:
    """Each job with the label that finds its runner, from the workflow and the plan's outputs."""
    workflow = semantics.parse(providers.render_committed(manifest)[github.WORKFLOW])["jobs"]
    outputs = GITHUB.render_outputs(manifest, plan)
    label_by_job: dict[str, str] = {}
    for name, job in workflow.items():
        if name.startswith("build-"):
            (output,) = job["strategy"]["matrix"].values()
            job_class = output.removeprefix("${{ fromJSON(needs.plan.outputs.")[: -len(") }}")]
            ids = [row["job"] for row in json.loads(outputs[job_class])]
            label_by_job |= dict.fromkeys(ids, job["runs-on"][-1])
    return label_by_job


def jobs_on_gitlab(manifest: Manifest, plan: Plan) -> dict[str, str]:
    """Each job that is built, with the tag that finds its runner, from the child pipeline."""
    child = semantics.parse(GITLAB.render_child(manifest, plan))
    label_by_job = {}
    for name in jobs_of(child):
        if name.startswith("build-"):
            (line,) = child[name]["script"]
            built = line.partition("/wheelyard build ")[2].partition(" ")[0]
            assert name.startswith(f"build-{built}: ")
            assert line.endswith(
                f" --plan plan/plan.json --expect {agreement.digest_plan(plan)}"
                f" --out wheels/{built} --logs wheels/logs --put"
            )
            label_by_job[built] = merge_job(name, child)["tags"][-1]
    return label_by_job


@settings(deadline=None)
@given(plans())
def test_both_services_run_exactly_the_jobs_of_the_plan_on_its_runners(
    case: tuple[Manifest, Plan],
) -> None:
    manifest, plan = case
    runner = {
        job_class.id: manifest.runners.index(runner_of(manifest, target))
        for target, job_class in assign_job_classes(manifest).items()
    }

    assert jobs_on_github(manifest, plan) == {j.id: f"g{runner[j.job_class]}" for j in plan.jobs}
    assert jobs_on_gitlab(manifest, plan) == {j.id: f"t{runner[j.job_class]}" for j in plan.jobs}


@settings(deadline=None, max_examples=30)
@given(plans())
def test_the_parts_of_any_pipeline_refer_to_each_other(case: tuple[Manifest, Plan]) -> None:
    manifest, plan = case
    texts = providers.render_committed(manifest)
    child = GITLAB.render_child(manifest, plan)
    outputs = GITHUB.render_outputs(manifest, plan)

    assert semantics.github_problems(texts[github.WORKFLOW], outputs) == []
    assert gitlab_problems(texts[gitlab.PARENT]) == gitlab_problems(child) == []


def test_an_empty_plan_starts_no_build_on_either_service() -> None:
    manifest = cases.manifest("one-linux")
    plan = cases.plan(manifest, projects=())

    assert GITHUB.render_outputs(manifest, plan) == {
        "manylinux-x86-64-cibw4": "[]",
        "bundle": "true",
        "empty": "true",
        "lock": "",
        "reason": "",
        "reused": "false",
        "digest": agreement.digest_plan(plan),
    }
    child = semantics.parse(GITLAB.render_child(manifest, plan))
    assert child["nothing-to-build"]["script"] == [
        'echo "nothing to build, every wheel of the plan exists"'
    ]
    assert "bundle" in child


def test_the_child_pipeline_has_the_digest_of_its_plan() -> None:
    manifest = cases.manifest("one-linux")
    plan = cases.plan(manifest)

    child = GITLAB.render_child(manifest, plan)

    assert f"--expect {agreement.digest_plan(plan)} " in child
    agreement.require_digest(planfile.dump(plan), agreement.digest_plan(plan))


def test_a_plan_with_another_digest_is_refused() -> None:
    plan = cases.plan(cases.manifest("one-linux"))

    with pytest.raises(UsageError) as error:
        agreement.require_digest(planfile.dump(plan), "0" * 64)

    assert str(error.value) == (
        f"plan: expected the plan with sha256 {'0' * 64}, got {agreement.digest_plan(plan)}\n"
        "  hint: run the whole pipeline again: index, manifest or artifact changed meanwhile"
    )


def test_the_name_of_a_job_needs_no_quotes() -> None:
    assert job_id("manylinux-x86-64-cibw4", 10) == "manylinux-x86-64-cibw4.0a"
