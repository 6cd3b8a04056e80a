"""Generated files before the judges that exist: the services' schemas, zizmor, shellcheck."""

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.pipelines import github, gitlab

from .golden import cases, semantics
from .golden.everywhere import everywhere, files_of
from .golden.gitlab_semantics import is_windows, jobs_of, merge_job
from .golden.operations import operations

SCRIPTS = Path(sysconfig.get_path("scripts"))


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not (SCRIPTS / program).exists(), reason=f"no {program}")


def judge(program: str, *arguments: str, given: str = "") -> None:
    done = subprocess.run(
        [str(SCRIPTS / program), *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def texts() -> Iterator[tuple[str, str]]:
    """Every golden file and those of a manifest with everything, by path."""
    for case in cases.NAMES:
        yield from sorted(cases.read_golden(case).items())
    yield from sorted(files_of(everywhere()).items())
    yield from sorted(files_of(operations()).items())


@needs("check-jsonschema")
def test_the_services_schemas_accept_every_file(tmp_path: Path) -> None:
    kinds: dict[str, list[str]] = {"github-workflows": [], "gitlab-ci": []}
    for number, (path, text) in enumerate(texts()):
        if path.endswith(".yml"):
            kind = "github-workflows" if path == github.WORKFLOW else "gitlab-ci"
            copy = tmp_path / f"{number}.yml"
            copy.write_text(text, encoding="utf-8")
            kinds[kind].append(str(copy))

    for kind, paths in kinds.items():
        # An environment's address may begin with a variable, which no URI can.
        options = ["--data-transform", "gitlab-ci", "--disable-formats", "uri"]
        own = options if kind == "gitlab-ci" else []
        judge("check-jsonschema", "--builtin-schema", f"vendor.{kind}", *own, *paths)


@needs("actionlint")
def test_actionlint_finds_nothing_in_any_workflow(tmp_path: Path) -> None:
    workflows = [text for path, text in texts() if path == github.WORKFLOW]
    paths = [tmp_path / f"{number}.yml" for number in range(len(workflows))]
    for path, text in zip(paths, workflows, strict=True):
        path.write_text(text, encoding="utf-8")
    # The labels of one's own runners are the manifest's to check.
    configuration = tmp_path / "actionlint.yaml"
    configuration.write_text("self-hosted-runner: {labels: ['*']}\n", encoding="utf-8")

    assert len(paths) > 3
    judge("actionlint", "-no-color", "-config-file", str(configuration), *map(str, paths))


@needs("actionlint")
def test_actionlint_sees_what_the_schemas_do_not(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    text = cases.read_golden("one-linux")[github.WORKFLOW]
    wrong.write_text(text.replace("steps.plan.outputs.digest", "steps.pla.outputs.digest"))

    done = subprocess.run(
        [str(SCRIPTS / "actionlint"), "-no-color", str(wrong)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'property "pla" is not defined' in done.stdout


@needs("zizmor")
def test_an_auditor_finds_nothing_in_a_workflow_for_hosted_runners(tmp_path: Path) -> None:
    shutil.copytree(cases.ROOT / "one-linux", tmp_path / "repository")

    judge(
        "zizmor",
        "--offline",
        "--strict-collection",
        *("--persona", "auditor"),
        str(tmp_path / "repository"),
    )


@needs("zizmor")
@pytest.mark.parametrize(
    ("case", "rules"),
    [
        # Who has no other runners knows: docs/runners.md says what they must be like.
        ("enterprise-server", ["self-hosted-runner"]),
        # The login of an index is needed by jobs that no person approves.
        ("own-machines", ["self-hosted-runner", "secrets-outside-env"]),
    ],
)
def test_a_workflow_for_own_runners_is_told_only_what_its_manifest_asks_for(
    tmp_path: Path, case: str, rules: list[str]
) -> None:
    shutil.copytree(cases.ROOT / case, tmp_path / "repository")
    configuration = tmp_path / "zizmor.yml"
    disabled = ", ".join(f"{rule}: {{disable: true}}" for rule in rules)
    configuration.write_text(f"rules: {{{disabled}}}\n", encoding="utf-8")

    judge(
        "zizmor",
        "--offline",
        "--strict-collection",
        *("--persona", "auditor"),
        *("--config", str(configuration)),
        str(tmp_path / "repository"),
    )


def shells() -> Iterator[tuple[str, str]]:
    """Every script with the shell that reads it: a job's lines, one after the other."""
    for path, text in texts():
        if path == github.WORKFLOW:
            # Each step is a file of its own to the shell.
            for job in semantics.parse(text)["jobs"].values():
                yield from (("bash", step["run"]) for step in job["steps"] if "run" in step)
        elif path.endswith(".yml"):
            whole = semantics.parse(text)
            for job in (merge_job(name, whole) for name in jobs_of(whole)):
                if "script" in job and not is_windows(job):
                    yield "sh", "\n".join([*job.get("before_script", []), *job["script"]])


@needs("shellcheck")
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_shellcheck_finds_nothing_in_any_script(shell: str, tmp_path: Path) -> None:
    scripts = sorted({script for of, script in shells() if of == shell})
    paths = [tmp_path / f"{number}.sh" for number in range(len(scripts))]
    for path, script in zip(paths, scripts, strict=True):
        path.write_text(f"{script}\n", encoding="utf-8")

    assert len(paths) > 3
    judge("shellcheck", f"--shell={shell}", *map(str, paths))


def test_windows_gets_one_line_a_step_and_no_logic() -> None:
    lines = []
    for path, text in texts():
        if path == github.WORKFLOW:
            for job in semantics.parse(text)["jobs"].values():
                lines += [step["run"] for step in job["steps"] if "run" in step]
        elif path in {gitlab.PARENT, gitlab.CHILD}:
            whole = semantics.parse(text)
            for name in jobs_of(whole):
                lines += merge_job(name, whole).get("script", [])

    # What a release of GitLab is published by has a test of its own.
    on_windows = [line for line in lines if "Scripts/" in line]
    assert len(on_windows) > 10
    # Alternatives of a variable that bash spells are not logic; GitHub runs bash on Windows too.
    plain = [re.sub(r"\$\{\w+:\+[^}]*\}", "", line) for line in on_windows]
    assert [line for line in plain if re.search(r"[\n;|&]", line)] == []
