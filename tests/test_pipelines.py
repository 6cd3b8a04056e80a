import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from matrix.errors import Drift, ManifestError, UsageError
from matrix.manifest.model import Manifest
from matrix.manifest.reading import load, read
from matrix.pipelines import agreement, drift, github, gitlab, limits, providers
from matrix.pipelines.scalar import Dialect, Unsafe, _environment, scalar, word
from matrix.plan.job_classes import job_classes
from matrix.plan.model import Plan

from .golden import cases, semantics

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))

EVERYWHERE = """\
bundle: everywhere
targets:
  prod:    {platform: manylinux_2_28_x86_64, python: [3.11.9, 3.12.4]}
  legacy:  {platform: manylinux_2_17_x86_64, python: [2.7.18]}
  desktop: {platform: win_amd64,             python: [3.12.4]}
  laptop:  {platform: macosx_12_0_arm64,     python: [3.12.4]}
runners:
  - {match: "*linux*", github: @github@, gitlab: {tags: [@tag@], image: @image@}}
  - {match: "win_*", github: [self-hosted, windows], gitlab: [windows]}
  - {match: "*", github: macos-15, gitlab: [macos]}
network: {index: @index@, ca-bundle: @certificates@}
tool: @tool@
packages: [netifaces]
"""
SEATS = ("github", "tag", "image", "index", "certificates", "tool")
ATTACKS = (
    "${{ github.token }}",
    "$(id)",
    "`id`",
    "'\"",
    "a\nrun: id",
    "a # b",
    "a: b",
    "$CI_JOB_TOKEN",
    "$[[ inputs.x ]]",
    "{{{ 7 }}}",
    "- a",
    "*a",
    "!!python/name:os.system",
    "\u2028a",
    "gr\u00fcn \U0001f600",
)


def quoted(value: str) -> str:
    return yaml.safe_dump(value, default_style='"', width=1000).strip()


@functools.cache
def everywhere(**values: str) -> Manifest:
    text = EVERYWHERE
    for seat in SEATS:
        text = text.replace(f"@{seat}@", quoted(values.get(seat, f"my-{seat}")))
    return read(text)


def files_of(manifest: Manifest) -> dict[str, str]:
    return {**providers.committed(manifest), **gitlab.run_time(manifest, cases.plan(manifest))}


def without_digest(child: object) -> str:
    """Of YAML: the plan has the runners' labels, so they change its digest."""
    return re.sub("--expect [0-9a-f]{64}", "", repr(child))


def problem_of(error: pytest.ExceptionInfo[Exception]) -> str:
    return str(error.value)


# goldens


@pytest.mark.parametrize("case", cases.NAMES)
def test_a_golden_case_produces_its_files(case: str) -> None:
    assert cases.outputs(case) == cases.expected(case)


@pytest.mark.parametrize("case", cases.NAMES)
def test_the_parts_of_a_golden_pipeline_refer_to_each_other(case: str) -> None:
    texts = cases.outputs(case)
    manifest = cases.manifest(case)
    outputs = github.run_time(manifest, cases.plan(manifest))

    workflow = texts.get(github.WORKFLOW)
    assert workflow is None or semantics.github_problems(workflow, outputs) == []
    for name in (gitlab.PARENT, "child.yml", "empty-child.yml"):
        assert list(semantics.gitlab_problems(texts[name])) == []


def test_the_parts_of_a_large_pipeline_refer_to_each_other() -> None:
    manifest = everywhere()
    plan = cases.plan(manifest, projects=("netifaces", "psutil"))

    workflow = providers.committed(manifest)[github.WORKFLOW]
    assert semantics.github_problems(workflow, github.run_time(manifest, plan)) == []
    child = gitlab.run_time(manifest, plan)[gitlab.CHILD]
    assert list(semantics.gitlab_problems(child)) == []


@pytest.mark.skipif(not (SCRIPTS / "check-jsonschema").exists(), reason="no check-jsonschema")
def test_the_services_schemas_accept_every_golden_file(tmp_path: Path) -> None:
    kinds: dict[str, list[str]] = {"github-workflows": [], "gitlab-ci": []}
    for case in cases.NAMES:
        for number, (path, text) in enumerate(sorted(cases.expected(case).items())):
            if path.endswith(".yml"):
                kind = "github-workflows" if path == github.WORKFLOW else "gitlab-ci"
                copy = tmp_path / f"{case}-{number}.yml"
                copy.write_text(text, encoding="utf-8")
                kinds[kind].append(str(copy))

    for kind, paths in kinds.items():
        command = [str(SCRIPTS / "check-jsonschema"), "--builtin-schema", f"vendor.{kind}"]
        transform = ["--data-transform", "gitlab-ci"] if kind == "gitlab-ci" else []
        done = subprocess.run(
            [*command, *transform, *paths], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not (SCRIPTS / "zizmor").exists(), reason="no zizmor")
def test_an_auditor_finds_nothing_in_a_workflow_for_hosted_runners(tmp_path: Path) -> None:
    shutil.copytree(cases.ROOT / "one-linux", tmp_path / "repository")
    zizmor = [str(SCRIPTS / "zizmor"), "--offline", "--strict-collection", "--persona", "auditor"]

    done = subprocess.run(
        [*zizmor, str(tmp_path / "repository")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


# what depends on what


def test_adding_a_project_changes_no_committed_file() -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")
    larger = text.replace("packages: [netifaces]", "packages: [netifaces, numpy >=2]")

    assert larger != text
    assert providers.committed(read(larger)) == providers.committed(read(text))


def test_a_line_end_of_another_system_changes_no_committed_file(tmp_path: Path) -> None:
    unix = cases.ROOT / "one-linux" / "packages.yaml"
    windows = tmp_path / "packages.yaml"
    windows.write_bytes(unix.read_bytes().replace(b"\n", b"\r\n"))

    assert providers.committed(load(windows)) == providers.committed(load(unix))


def test_the_same_bytes_come_out_everywhere(tmp_path: Path) -> None:
    script = "from tests.golden import cases; print([cases.outputs(c) for c in cases.NAMES])"
    surroundings = [
        {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
        {"PYTHONHASHSEED": "7", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"},
    ]

    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
            cwd=directory,
            capture_output=True,
            check=True,
        ).stdout
        for variables, directory in zip(surroundings, (tmp_path, ROOT), strict=True)
    }

    assert len(printed) == 1


def test_the_repositorys_own_pipelines_are_the_generated_ones() -> None:
    drift.check(ROOT, providers.committed(load(ROOT / "packages.yaml")))


def test_a_service_that_no_runner_names_gets_no_file() -> None:
    committed = providers.committed(cases.manifest("closed-runners"))

    assert list(committed) == [".gitattributes", ".gitlab-ci.yml"]
    manifest = cases.manifest("closed-runners")
    assert github.run_time(manifest, cases.plan(manifest)) == {}


def test_gitlab_gets_no_file_when_all_runners_are_githubs() -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "gitlab:" not in line]
    manifest = read("\n".join(lines))

    assert list(providers.committed(manifest)) == [".gitattributes", ".github/workflows/wheels.yml"]
    assert gitlab.run_time(manifest, cases.plan(manifest)) == {}


def test_a_runner_that_one_service_cannot_find_is_named() -> None:
    text = EVERYWHERE.replace("github: macos-15, ", "")
    for seat in SEATS:
        text = text.replace(f"@{seat}@", "x")

    with pytest.raises(ManifestError) as error:
        providers.committed(read(text))

    assert problem_of(error) == (
        "packages.yaml: runners: expected `github` for macosx_arm64, as others have it\n"
        "  hint: add `github:` to the runner that matches macosx_arm64"
    )


def test_the_tool_is_this_version_when_the_manifest_names_none() -> None:
    manifest = cases.manifest("one-linux")

    parsed = semantics.parse(providers.committed(manifest)[github.WORKFLOW])

    assert parsed["env"] == {"WHEEL_MATRIX_TOOL": "wheel-matrix==0.1.0"}


def test_a_tool_that_is_an_option_of_pip_is_refused() -> None:
    with pytest.raises(ManifestError) as error:
        providers.committed(everywhere(tool="--index-url=https://index.example"))

    assert problem_of(error) == (
        "packages.yaml: tool: expected a requirement or a path, "
        "got the option '--index-url=https://index.example'"
    )


def test_another_name_of_the_manifest_reaches_every_command() -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")

    committed = providers.committed(read(text, source="wheels.yaml"))

    workflow = committed[github.WORKFLOW]
    needing = ("generate", "plan", "build", "bundle")
    lines = [line for line in workflow.splitlines() if "-m matrix" in line]
    assert all(
        line.endswith(" --manifest wheels.yaml") == any(f"matrix {v} " in line for v in needing)
        for line in lines
        if "# " not in line
    )
    assert "#   python -m matrix generate --manifest wheels.yaml\n" in workflow


def test_a_name_of_the_manifest_that_a_shell_would_read_is_refused() -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")

    with pytest.raises(ManifestError) as error:
        providers.committed(read(text, source="a; id.yaml"))

    assert problem_of(error) == (
        "a; id.yaml: the manifest's name: "
        "expected letters, digits and . _ + ! / @ - only, got 'a; id.yaml'\n"
        "  hint: rename it"
    )


# parity


def jobs_on_github(manifest: Manifest, plan: Plan) -> list[str]:
    outputs = github.run_time(manifest, plan)
    return sorted(
        job for name, text in outputs.items() if name != github.EMPTY for job in json.loads(text)
    )


def jobs_on_gitlab(manifest: Manifest, plan: Plan) -> list[str]:
    child = semantics.parse(gitlab.run_time(manifest, plan)[gitlab.CHILD])
    return sorted(name.removeprefix("build-") for name in child if name.startswith("build-"))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    manifest = everywhere()
    classes = sorted(set(job_classes(manifest).values()))
    projects = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
    versions = st.from_regex(
        r"([1-9]!)?[0-9]{1,3}(\.[0-9]{1,3}){0,2}(\+[a-z]{1,4})?", fullmatch=True
    )
    rows = draw(st.sets(st.tuples(projects, versions, st.sampled_from(classes)), max_size=6))
    jobs = {job.id: job for job in (cases.job(*row) for row in sorted(rows))}
    whole = cases.plan(manifest, projects=())
    return Plan(
        bundle=whole.bundle,
        targets=(),
        wishes=(),
        cells=(),
        classes=whole.classes,
        jobs=tuple(sorted(jobs.values())),
    )


@given(plans())
def test_both_services_run_exactly_the_jobs_of_the_plan(plan: Plan) -> None:
    manifest = everywhere()
    planned = sorted(job.id for job in plan.jobs)

    assert jobs_on_github(manifest, plan) == planned
    assert jobs_on_gitlab(manifest, plan) == planned


def test_an_empty_plan_is_said_on_both_services() -> None:
    manifest = cases.manifest("one-linux")
    plan = cases.plan(manifest, projects=())

    assert github.run_time(manifest, plan) == {"manylinux-x86-64-cibw4": "[]", "empty": "true"}
    child = semantics.parse(gitlab.run_time(manifest, plan)[gitlab.CHILD])
    assert child["nothing-to-build"]["script"] == [
        'echo "nothing to build, every wheel of the plan exists"'
    ]
    assert "bundle" in child


def test_the_child_pipeline_names_the_plan_that_it_was_made_from() -> None:
    manifest = cases.manifest("one-linux")
    plan = cases.plan(manifest)

    child = gitlab.run_time(manifest, plan)[gitlab.CHILD]

    assert f"--expect {agreement.digest(plan)} " in child
    agreement.require(plan, agreement.digest(plan))


def test_a_plan_that_changed_under_way_is_refused() -> None:
    plan = cases.plan(cases.manifest("one-linux"))

    with pytest.raises(UsageError) as error:
        agreement.require(plan, "0" * 64)

    assert problem_of(error) == (
        f"plan: expected the plan with sha256 {'0' * 64}, got {agreement.digest(plan)}\n"
        "  hint: run the whole pipeline again: the index or the manifest changed under way"
    )


# values


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
def test_a_scalar_survives_yaml_or_is_refused(value: str) -> None:
    try:
        written = scalar(value, dialect="gitlab")
    except Unsafe:
        assert "$" in value or not value.isprintable()
    else:
        assert written.isascii()
        assert semantics.parse(written) == value


@given(st.text())
def test_a_word_is_refused_or_means_itself_to_yaml(value: str) -> None:
    try:
        written = word(value)
    except Unsafe:
        return

    assert semantics.parse(f"a: x {written}") == {"a": f"x {value}"}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("seat", SEATS)
def test_a_hostile_value_stays_a_value_or_is_refused(seat: str, attack: str) -> None:
    def replaced(tree: object) -> object:
        if isinstance(tree, dict):
            return {key: replaced(value) for key, value in tree.items()}
        if isinstance(tree, list):
            return [replaced(value) for value in tree]
        return attack if tree == f"my-{seat}" else tree

    expanded = "${{" if seat == "github" else "$"
    is_option = seat == "tool" and attack.startswith("-")
    if expanded in attack or not attack.isprintable() or is_option:
        with pytest.raises(ManifestError):
            files_of(everywhere(**{seat: attack}))
        return

    hostile, harmless = files_of(everywhere(**{seat: attack})), files_of(everywhere())

    for path in (github.WORKFLOW, gitlab.PARENT, gitlab.CHILD):
        was, became = semantics.parse(harmless[path]), semantics.parse(hostile[path])
        assert without_digest(became) == without_digest(replaced(was)), path


def test_a_refused_value_is_named() -> None:
    with pytest.raises(ManifestError) as error:
        providers.committed(everywhere(github="${{ github.token }}"))

    assert problem_of(error) == (
        "packages.yaml: expected a value without '${{', which github expands, "
        "got '${{ github.token }}'"
    )


def test_a_template_cannot_print_what_passed_no_filter() -> None:
    template = _environment("github").from_string("a: {{{ value }}}")

    with pytest.raises(TypeError, match="a template prints 'x' without a filter"):
        template.render(value="x")


# limits


@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        ("github", "jobs per matrix"),
        ("github", "job output bytes"),
        ("github", "workflow bytes"),
        ("gitlab", "job name characters"),
        ("gitlab", "child pipeline bytes"),
    ],
)
def test_a_limit_allows_its_cap_and_not_one_more(dialect: Dialect, name: str) -> None:
    most = limits.cap(dialect, name)
    limits.require(dialect, name, most - 1, place="it", remedy="do less")
    limits.require(dialect, name, most, place="it", remedy="do less")

    with pytest.raises(UsageError) as error:
        limits.require(dialect, name, most + 1, place="it", remedy="do less")

    assert problem_of(error) == (
        f"it: expected at most {most:,} {name} on {dialect}, got {most + 1:,}\n  hint: do less"
    )


@pytest.mark.parametrize("count", [255, 256])
def test_a_matrix_holds_256_jobs(count: int) -> None:
    manifest = cases.manifest("one-linux")
    plan = cases.plan(manifest, projects=tuple(f"p{number}" for number in range(count)))

    assert len(jobs_on_github(manifest, plan)) == count


def test_a_matrix_of_257_jobs_is_refused() -> None:
    manifest = cases.manifest("one-linux")
    plan = cases.plan(manifest, projects=tuple(f"p{number}" for number in range(257)))

    with pytest.raises(UsageError) as error:
        github.run_time(manifest, plan)

    assert problem_of(error) == (
        "job class manylinux-x86-64-cibw4: "
        "expected at most 256 jobs per matrix on github, got 257\n"
        "  hint: give some of these targets a runner of their own: "
        "each runner has its own matrix"
    )


@pytest.mark.parametrize(("length", "fits"), [(254, True), (255, True), (256, False)])
def test_a_job_name_of_gitlab_has_255_characters(length: int, fits: bool) -> None:
    manifest = cases.manifest("one-linux")
    rest = len("build--1.0-manylinux-x86-64-cibw4")
    plan = cases.plan(manifest, projects=("p" * (length - rest),))

    if fits:
        assert jobs_on_gitlab(manifest, plan) == [plan.jobs[0].id]
    else:
        with pytest.raises(UsageError, match="expected at most 255 job name characters on gitlab"):
            gitlab.run_time(manifest, plan)


# drift


@pytest.fixture
def wanted() -> dict[str, str]:
    return providers.committed(cases.manifest("one-linux"))


@pytest.fixture
def repository(tmp_path: Path, wanted: dict[str, str]) -> Path:
    drift.apply(tmp_path, wanted)
    return tmp_path


def test_what_was_applied_has_no_drift_and_is_not_written_again(
    tmp_path: Path, wanted: dict[str, str]
) -> None:
    first = drift.apply(tmp_path, wanted)
    second = drift.apply(tmp_path, wanted)

    drift.check(tmp_path, wanted)
    assert first == drift.Applied(written=tuple(sorted(wanted)), removed=())
    assert second == drift.Applied(written=(), removed=())


def test_a_hand_edit_is_shown_and_undone(repository: Path, wanted: dict[str, str]) -> None:
    path = repository / gitlab.PARENT
    edited = wanted[gitlab.PARENT].replace("timeout: 15 minutes", "timeout: 2 minutes")
    path.write_text(edited, encoding="utf-8")

    with pytest.raises(Drift) as error:
        drift.check(repository, wanted)

    assert problem_of(error) == (
        ".gitlab-ci.yml: is not what the manifest asks for\n"
        "  @@ -31 +31 @@\n"
        "  -  timeout: 2 minutes\n"
        "  +  timeout: 15 minutes\n"
        "  hint: run `python -m matrix generate` and commit the result"
    )
    assert drift.apply(repository, wanted).written == (".gitlab-ci.yml",)
    drift.check(repository, wanted)


def test_a_missing_and_an_orphaned_file_are_named_together(
    repository: Path, wanted: dict[str, str]
) -> None:
    (repository / gitlab.PARENT).rename(repository / ".github/workflows/old.yml")

    with pytest.raises(Drift) as error:
        drift.check(repository, wanted)

    assert problem_of(error) == (
        ".github/workflows/old.yml: was made by wheel-matrix, "
        "and the manifest asks for it no longer\n"
        ".gitlab-ci.yml: is not there\n"
        "  hint: run `python -m matrix generate` and commit the result"
    )
    assert drift.apply(repository, wanted) == drift.Applied(
        written=(".gitlab-ci.yml",), removed=(".github/workflows/old.yml",)
    )
    assert not (repository / ".github/workflows/old.yml").exists()


def test_a_file_of_somebody_else_is_never_overwritten(
    tmp_path: Path, wanted: dict[str, str]
) -> None:
    foreign = tmp_path / gitlab.PARENT
    foreign.write_text("stages: [theirs]\n", encoding="utf-8")

    with pytest.raises(Drift) as error:
        drift.apply(tmp_path, wanted)

    assert problem_of(error) == (
        ".gitlab-ci.yml: is not ours: its first line does not say that wheel-matrix made it\n"
        "  hint: move it away, then run `python -m matrix generate`"
    )
    assert foreign.read_text(encoding="utf-8") == "stages: [theirs]\n"
    assert not (tmp_path / ".github").exists()


def test_other_workflows_are_none_of_our_business(repository: Path, wanted: dict[str, str]) -> None:
    theirs = repository / ".github/workflows/theirs.yml"
    theirs.write_text("name: theirs\n", encoding="utf-8")

    drift.check(repository, wanted)
    drift.apply(repository, wanted)
    assert theirs.exists()


def test_attributes_of_somebody_else_suffice_when_they_have_our_rules(
    repository: Path, wanted: dict[str, str]
) -> None:
    theirs = "*.png binary\n" + "\n".join(wanted[".gitattributes"].splitlines()[3:])
    (repository / ".gitattributes").write_text(theirs, encoding="utf-8")

    drift.check(repository, wanted)


def test_attributes_of_somebody_else_that_lack_our_rules_are_told_them(
    repository: Path, wanted: dict[str, str]
) -> None:
    (repository / ".gitattributes").write_text("*.png binary\n", encoding="utf-8")

    with pytest.raises(Drift) as error:
        drift.check(repository, wanted)

    assert problem_of(error) == (
        ".gitattributes: is not ours, and lacks rules that mark generated files\n"
        "  /.github/workflows/wheels.yml text eol=lf linguist-generated gitlab-generated\n"
        "  /.gitlab-ci.yml text eol=lf linguist-generated gitlab-generated\n"
        "  hint: add these lines to it"
    )


def test_line_ends_are_no_drift(repository: Path, wanted: dict[str, str]) -> None:
    path = repository / gitlab.PARENT
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    drift.check(repository, wanted)
