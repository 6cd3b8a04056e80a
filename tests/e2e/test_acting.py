"""act and the actions of these tests: they must fail where GitHub would."""

import signal
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..github_api import TOKEN, WORKFLOW
from .acting import Act, Event, Run
from .gitlab import commit

UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"
CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd"
TOP = """\
on: [push, pull_request]
permissions: {}
defaults: {run: {shell: bash}}
jobs:
"""
PUSH = Event(name="push", ref="refs/heads/main", sha="HEAD")

Play = Callable[..., Run]


@pytest.fixture
def act(tmp_path: Path, environment: Mapping[str, str]) -> Act:
    (tmp_path / "repository").mkdir()
    return Act.found(
        environment,
        repository=tmp_path / "repository",
        directory=tmp_path / "act",
        python=tmp_path,
    )


@pytest.fixture
def play(act: Act, environment: Mapping[str, str]) -> Play:
    """Runs a workflow whose jobs are the test's."""

    def run(jobs: str, *, event: Event = PUSH) -> Run:
        write(act, jobs, environment)
        return act.run(event, timeout=60)

    return run


def write(act: Act, jobs: str, environment: Mapping[str, str]) -> None:
    workflow = act.repository / WORKFLOW
    workflow.parent.mkdir(parents=True, exist_ok=True)
    workflow.write_text(TOP + textwrap.indent(textwrap.dedent(jobs), "  "), encoding="utf-8")
    if not (act.repository / ".git").is_dir():
        commit(act.repository, environment=environment)


def upload(name: str, path: str, **options: str) -> str:
    given = "".join(f", {key.replace('_', '-')}: {value}" for key, value in options.items())
    return f'- {{uses: {UPLOAD}, with: {{name: "{name}", path: "{path}"{given}}}}}'


def test_a_matrix_comes_from_an_output_and_its_artifacts_are_collected(play: Play) -> None:
    run = play(f"""\
        plan:
          runs-on: ubuntu-24.04
          outputs: {{jobs: "${{{{ steps.plan.outputs.jobs }}}}"}}
          steps:
            - {{id: plan, run: 'echo "jobs=[\\"a\\",\\"b c\\"]" >> "$GITHUB_OUTPUT"'}}
        build:
          name: build ${{{{ matrix.job }}}}
          needs: [plan]
          runs-on: ubuntu-24.04
          strategy: {{matrix: {{job: "${{{{ fromJSON(needs.plan.outputs.jobs) }}}}"}}}}
          steps:
            - {{env: {{JOB: "${{{{ matrix.job }}}}"}}, run: 'mkdir out; echo "$JOB" > "out/$JOB"'}}
            {upload("w-${{ matrix.job }}", "out")}
        collect:
          needs: build
          runs-on: ubuntu-24.04
          steps:
            - {{uses: {DOWNLOAD}, with: {{pattern: w-*, path: all, merge-multiple: true}}}}
            - {{run: 'test "$(cat all/*)" = "$(printf "a\\nb c")"'}}
    """)

    assert run.results == {"plan": "success", "build": "success", "collect": "success"}, run.log
    assert [job.name for job in run.jobs["build"]] == ["build a", "build b c"]
    assert run.artifacts.names == ["w-a", "w-b c"]


def test_one_of_a_matrix_fails_and_the_other_is_green(play: Play) -> None:
    run = play("""\
        build:
          name: build ${{ matrix.job }}
          runs-on: ubuntu-24.04
          strategy: {fail-fast: false, matrix: {job: [a, b]}}
          steps: [{name: Build, env: {JOB: "${{ matrix.job }}"}, run: test "$JOB" = a}]
    """)

    assert {job.name: job.result for job in run.jobs["build"]} == {
        "build a": "success",
        "build b": "failure",
    }
    assert run.result("build") == "failure"
    assert run.red == ["build b"]


def test_a_checkout_has_the_commit_and_a_job_without_one_has_no_files(play: Play) -> None:
    run = play(f"""\
        with:
          runs-on: ubuntu-24.04
          steps:
            - {{uses: {CHECKOUT}}}
            - {{uses: {CHECKOUT}, with: {{path: base, ref: "${{{{ github.sha }}}}"}}}}
            - {{run: ls {WORKFLOW} base/{WORKFLOW}}}
        without: {{runs-on: ubuntu-24.04, steps: [{{run: 'test -z "$(ls -A)"'}}]}}
    """)

    assert run.results == {"with": "success", "without": "success"}, run.log


def test_what_a_run_says_is_read(play: Play) -> None:
    run = play("""\
        a:
          runs-on: ubuntu-24.04
          steps:
            - name: Say
              run: |
                echo "# title" >> "$GITHUB_STEP_SUMMARY"
                echo "::error file=packages.yaml,line=3::not this%0Aline"
                echo "plain $TOKEN"
                exit 1
              env: {TOKEN: "${{ github.token }}"}
            - {name: Never, run: "true"}
            - {name: Always, if: always(), run: "true"}
    """)

    (job,) = run.jobs["a"]
    assert job.result == "failure"
    assert job.summary == "# title\n"
    (annotation,) = job.annotations
    assert (annotation.level, annotation.text) == ("error", "not this\nline")
    assert annotation.place == {"file": "packages.yaml", "line": "3"}
    assert "plain ***" in job.step("Say").log
    assert TOKEN not in run.log
    assert [step.name for step in job.steps.values()] == ["Say", "Always"]


def test_a_skipped_ancestor_skips_what_asks_for_success(play: Play) -> None:
    run = play("""\
        a: {if: "false", runs-on: ubuntu-24.04, steps: [{run: "true"}]}
        b: {needs: a, if: "!cancelled()", runs-on: ubuntu-24.04, steps: [{run: "true"}]}
        c: {needs: b, runs-on: ubuntu-24.04, steps: [{run: "true"}]}
        d:
          needs: b
          if: "!cancelled() && needs.b.result == 'success'"
          runs-on: ubuntu-24.04
          steps: [{run: "true"}]
    """)

    assert run.results == {"b": "success", "d": "success"}, run.log


def test_jobs_for_other_systems_are_skipped(play: Play) -> None:
    run = play("""\
        a: {runs-on: [self-hosted, linux], steps: [{run: "true"}]}
        b: {runs-on: [self-hosted, windows], steps: [{run: dir}]}
        c: {runs-on: macos-15, steps: [{run: "true"}]}
    """)

    assert run.results == {"a": "success"}, run.log


def test_the_event_is_what_the_caller_says(play: Play) -> None:
    event = Event(
        name="pull_request",
        ref="refs/pull/7/merge",
        sha="HEAD",
        run=42,
        attempt=3,
        actor="dependabot[bot]",
        payload={"pull_request": {"number": 7, "head": {"repo": {"full_name": "fork/project"}}}},
    )
    expressions = (
        "github.ref",
        "github.actor",
        "github.event.pull_request.number",
        "github.event.repository.default_branch",
        "github.event.pull_request.head.repo.full_name",
    )
    asked = " ".join(f"${{{{ {each} }}}}" for each in expressions)
    run = play(
        f"""\
        a:
          if: github.event_name == 'pull_request'
          runs-on: ubuntu-24.04
          steps:
            - {{name: Expressions, run: 'echo "{asked}"'}}
            - {{name: Variables, run: 'echo "$GITHUB_REF $GITHUB_RUN_ID $GITHUB_RUN_ATTEMPT"'}}
            - {{name: Commits, run: 'test "$GITHUB_SHA" = "${{{{ github.sha }}}}"'}}
        """,
        event=event,
    )

    (job,) = run.jobs["a"]
    assert job.result == "success", run.log
    assert job.step("Expressions").log == (
        "refs/pull/7/merge dependabot[bot] 7 main fork/project\n"
    )
    assert job.step("Variables").log == "refs/pull/7/merge 42 3\n"


@pytest.mark.parametrize("path", ["nothing", "nothing\\nneither"])
def test_paths_without_files_fail_only_where_asked(play: Play, path: str) -> None:
    run = play(f"""\
        a: {{runs-on: ubuntu-24.04, steps: [{upload("n", path, if_no_files_found="error")[2:]}]}}
        b: {{runs-on: ubuntu-24.04, steps: [{upload("n", path)[2:]}]}}
        c: {{runs-on: ubuntu-24.04, steps: [{upload("n", path, if_no_files_found="ignore")[2:]}]}}
    """)

    assert run.results == {"a": "failure", "b": "success", "c": "success"}, run.log
    assert run.artifacts.names == []
    assert [note.level for job in run.all_jobs for note in job.annotations] == ["error", "warning"]


def files(directory: Path) -> list[str]:
    return sorted(
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    )


def test_files_lie_where_the_real_actions_put_them(play: Play) -> None:
    two, without = upload("two", r"logs\nwheels"), upload("without", r"wheels\n!wheels/a/*.log")
    run = play(f"""\
        a:
          runs-on: ubuntu-24.04
          steps:
            - run: mkdir -p logs wheels/a; touch logs/x logs/.hidden wheels/a/y wheels/a/z.log
            {upload("one", "wheels")}
            {two}
            {upload("file", "wheels/a/y")}
            {upload("pattern", "wheels/a/*.log")}
            {without}
            {upload("hidden", "logs", include_hidden_files="true")}
    """)

    assert run.results == {"a": "success"}, run.log
    assert {name: files(run.artifacts.path(name)) for name in run.artifacts.names} == {
        "file": ["y"],
        "hidden": [".hidden", "x"],
        "one": ["a/y", "a/z.log"],
        "pattern": ["z.log"],
        "two": ["logs/x", "wheels/a/y", "wheels/a/z.log"],
        "without": ["a/y"],
    }


def test_a_name_is_taken_once_in_an_attempt(play: Play) -> None:
    jobs = f"""\
        a:
          runs-on: ubuntu-24.04
          steps:
            - run: echo "$GITHUB_RUN_ATTEMPT" > file
            {upload("n", "file")}
            {upload("n", "file", overwrite="true")}
            {upload("n", "file")}
        b:
          needs: a
          if: always()
          runs-on: ubuntu-24.04
          steps:
            - {{uses: {DOWNLOAD}, with: {{name: n, path: got}}}}
            - {{name: Show, run: cat got/file}}
    """
    first = play(jobs)
    second = play(jobs, event=Event(name="push", ref="refs/heads/main", sha="HEAD", attempt=2))

    for run, attempt in ((first, "1"), (second, "2")):
        assert run.results == {"a": "failure", "b": "success"}, run.log
        assert [note.text for note in run.jobs["a"][0].annotations] == [
            "(409) Conflict: an artifact with this name already exists on the workflow run"
        ]
        assert run.jobs["b"][0].step("Show").log == f"{attempt}\n"
    assert [artifact.attempt for artifact in second.artifacts.all] == ["1", "2"]


def test_downloads_make_directories_for_several_matches_alone(play: Play) -> None:
    run = play(f"""\
        a:
          runs-on: ubuntu-24.04
          steps:
            - run: echo 1 > file
            {upload("w-1", "file")}
            - {{uses: {DOWNLOAD}, with: {{pattern: w-*, path: one}}}}
            {upload("w-2", "file")}
            - {{uses: {DOWNLOAD}, with: {{pattern: w-*, path: two}}}}
            - {{uses: {DOWNLOAD}, with: {{pattern: x-*, path: none}}}}
            - {{run: test -f one/file && test -f two/w-1/file && test -f two/w-2/file}}
            - {{uses: {DOWNLOAD}, with: {{name: x-1, path: none}}}}
    """)

    (job,) = run.jobs["a"]
    assert [step.result for step in job.steps.values()][-2:] == ["success", "failure"], run.log
    assert [note.text for note in job.annotations] == [
        "Unable to download artifact(s): Artifact not found for name: x-1"
    ]


def test_an_upload_fails_once_where_the_test_says_so(play: Play, act: Act) -> None:
    (act.artifacts / "outage-n").touch()
    run = play(f"""\
        a:
          runs-on: ubuntu-24.04
          steps:
            - run: touch file
            - {{id: first, continue-on-error: true, {upload("n", "file")[3:]}
            - {{if: steps.first.outcome == 'failure', {upload("n", "file")[3:]}
    """)

    assert run.results == {"a": "success"}, run.log
    assert run.artifacts.names == ["n"]


def test_a_cancelled_run_ends_its_step_and_does_what_asks_for_it(
    act: Act, environment: Mapping[str, str], tmp_path: Path
) -> None:
    write(
        act,
        f"""\
        a:
          runs-on: ubuntu-24.04
          steps:
            - {{name: Long, run: 'touch {tmp_path}/started; exec sleep 60'}}
            - {{name: Failed, if: failure(), run: "true"}}
            - {{name: Cancelled, if: cancelled(), run: "true"}}
        """,
        environment,
    )
    running = act.start(PUSH)
    wait_for(tmp_path / "started")

    running.signal(signal.SIGINT)
    run = running.wait(timeout=30)

    assert run.jobs["a"][0].has_step("Cancelled"), run.log
    assert not run.jobs["a"][0].has_step("Failed")


def wait_for(path: Path, *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.05)
