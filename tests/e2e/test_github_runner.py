"""The runner that plays GitHub, tested: it must fail where GitHub would."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from .github_runner.artifacts import ActionFailed, Artifacts
from .github_runner.expressions import Expressions, InvalidExpression, Scope
from .github_runner.model import Event, NotSupported, Workflow, combinations
from .github_runner.node import GitHubPackages
from .github_runner.running import Run, Runner
from .gitlab import commit

UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"
CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd"
TOP = """\
on: {push: {branches: [main]}}
permissions: {}
defaults: {run: {shell: bash}}
jobs:
"""
PUSH = Event(name="push", ref="refs/heads/main", sha="HEAD")


@pytest.fixture(scope="module")
def packages(environment: Mapping[str, str], cache: Path) -> GitHubPackages:
    return GitHubPackages.installed(environment, directory=cache)


@pytest.fixture(scope="module")
def expressions(packages: GitHubPackages) -> Iterator[Expressions]:
    with packages.evaluating() as evaluator:
        yield evaluator


class Play:
    """A repository whose only workflow is the test's."""

    def __init__(self, directory: Path, expressions: Expressions, env: Mapping[str, str]) -> None:
        self._directory, self._expressions, self._environment = directory, expressions, env

    def __call__(self, jobs: str, *, event: Event = PUSH) -> Run:
        repository = self._directory / "repository"
        repository.mkdir()
        (repository / "w.yml").write_text(TOP + jobs, encoding="utf-8")
        commit(repository, environment=self._environment)
        runner = Runner(
            expressions=self._expressions,
            repository=repository,
            environment=self._environment,
            python=self._directory,
            directory=self._directory / "run",
        )
        return runner.run("w.yml", event)


@pytest.fixture
def play(tmp_path: Path, expressions: Expressions, environment: Mapping[str, str]) -> Play:
    return Play(tmp_path, expressions, environment)


def test_outputs_make_a_matrix_and_artifacts_come_back(play: Play) -> None:
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
      - {{uses: {UPLOAD}, with: {{name: "w-${{{{ matrix.job }}}}", path: out}}}}
  collect:
    needs: build
    runs-on: ubuntu-24.04
    steps:
      - {{uses: {DOWNLOAD}, with: {{pattern: w-*, path: all, merge-multiple: "true"}}}}
      - {{run: 'ls all; test "$(cat all/*)" = "$(printf "a\\nb c")"'}}
""")

    assert run.results == {"plan": "success", "build": "success", "collect": "success"}, run.log
    assert [one.name for one in run.jobs["build"]] == ["build a", "build b c"]
    assert run.artifacts.names == ["w-a", "w-b c"]


def test_a_job_without_a_checkout_has_no_files(play: Play) -> None:
    run = play("  a: {runs-on: u, steps: [{run: 'ls w.yml'}]}\n")

    assert run.results == {"a": "failure"}


def test_a_checkout_needs_its_permission(play: Play) -> None:
    run = play(f"""\
  a: {{runs-on: u, steps: [{{uses: {CHECKOUT}}}]}}
  b:
    runs-on: u
    permissions: {{contents: read}}
    steps: [{{uses: {CHECKOUT}}}, {{run: ls w.yml}}]
""")

    assert run.results == {"a": "failure", "b": "success"}, run.log


def test_a_skipped_ancestor_skips_what_asks_for_success(play: Play) -> None:
    run = play("""\
  a: {if: "false", runs-on: u, steps: [{run: "true"}]}
  b: {needs: a, if: "!cancelled()", runs-on: u, steps: [{run: "true"}]}
  c: {needs: b, runs-on: u, steps: [{run: "true"}]}
  d:
    needs: b
    if: "!cancelled() && needs.b.result == 'success'"
    runs-on: u
    steps: [{run: "true"}]
""")

    assert run.results == {"a": "skipped", "b": "success", "c": "skipped", "d": "success"}


def test_a_failed_step_ends_the_job_but_for_what_asks(play: Play) -> None:
    run = play("""\
  a:
    runs-on: u
    steps:
      - {id: bad, run: "echo x=1 >> $GITHUB_OUTPUT; false | true"}
      - {run: echo never}
      - {if: "failure() && steps.bad.outputs.x == '1'", run: echo afterwards}
""")

    assert run.results == {"a": "failure"}
    assert "never" not in run.log
    assert "afterwards" in run.log


def test_a_job_that_takes_too_long_is_ended(play: Play) -> None:
    run = play('  a: {runs-on: u, timeout-minutes: "0.01", steps: [{run: sleep 60}]}\n')

    assert run.results == {"a": "failure"}
    assert run.jobs["a"][0].seconds < 60  # what the step would sleep


def test_other_systems_are_told_and_skipped(play: Play) -> None:
    run = play("  a: {runs-on: [self-hosted, windows], steps: [{run: dir}]}\n")

    assert run.jobs["a"][0].log == "skipped: needs a windows runner"


def test_an_event_that_is_not_named_starts_nothing(play: Play) -> None:
    run = play(
        "  a: {runs-on: u, steps: [{run: 'true'}]}\n",
        event=Event(name="push", ref="refs/heads/other", sha="HEAD"),
    )

    assert run.jobs == {}


def test_keys_that_are_not_known_are_refused(play: Play) -> None:
    with pytest.raises(NotSupported, match=r"job a: \['container'\]"):
        play("  a: {runs-on: u, container: x, steps: []}\n")


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ({"job": []}, "Matrix vector 'job' does not contain any values"),
        ({"job": ["x"] * 257}, "matrix of 257 jobs, at most 256 are allowed"),
    ],
    ids=["empty", "too many"],
)
def test_a_matrix_has_between_one_job_and_256(matrix: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        combinations(matrix)


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    (tmp_path / "w" / "out").mkdir(parents=True)
    (tmp_path / "w" / "out" / "file").write_text("1", encoding="utf-8")
    (tmp_path / "w" / "out" / ".hidden").write_text("1", encoding="utf-8")
    return Artifacts(tmp_path / "artifacts")


def test_a_name_is_taken_once(artifacts: Artifacts, tmp_path: Path) -> None:
    given = {"name": "n", "path": "out"}
    artifacts.upload(tmp_path / "w", given)

    with pytest.raises(ActionFailed, match=r"\(409\) Conflict"):
        artifacts.upload(tmp_path / "w", given)
    artifacts.upload(tmp_path / "w", {**given, "overwrite": "true"})
    assert [path.name for path in artifacts.path("n").iterdir()] == ["file"]


def test_names_with_a_slash_and_empty_paths_are_refused(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    with pytest.raises(ActionFailed, match="not valid"):
        artifacts.upload(tmp_path / "w", {"name": "a/b", "path": "out"})
    with pytest.raises(ActionFailed, match="No files were found"):
        artifacts.upload(tmp_path / "w", {"path": "no", "if-no-files-found": "error"})
    with pytest.raises(ActionFailed, match="Unable to find"):
        artifacts.download(tmp_path / "w", {"name": "nothing"})


def test_one_match_alone_makes_no_directory(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.upload(tmp_path / "w", {"name": "w-1", "path": "out"})
    artifacts.download(tmp_path / "one", {"pattern": "w-*", "path": "all"})
    artifacts.upload(tmp_path / "w", {"name": "w-2", "path": "out"})
    artifacts.download(tmp_path / "two", {"pattern": "w-*", "path": "all"})

    assert (tmp_path / "one" / "all" / "file").is_file()
    assert (tmp_path / "two" / "all" / "w-1" / "file").is_file()


def test_expressions_are_github_s(expressions: Expressions) -> None:
    scope = Scope(contexts={"needs": {"a": {"result": "success"}, "b": {"result": "skipped"}}})

    assert expressions.value("${{ fromJSON('[1, \"x\"]') }}", scope) == [1, "x"]
    assert expressions.text("a ${{ true && 'b' || '' }} c", scope) == "a b c"
    assert not expressions.holds("contains(needs.*.result, 'failure')", scope)
    with pytest.raises(InvalidExpression, match="Unrecognized named-value: 'matrix'"):
        expressions.text("${{ matrix.x }}", scope)
    with pytest.raises(InvalidExpression, match="always true"):
        expressions.holds("${{ true }} && false", scope)


def test_github_s_parser_complains_of_what_is_wrong(
    packages: GitHubPackages, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: push\njobs: {a: {runs-on: '${{ env.X }}', needed: b, steps: [{run: x}]}}\n",
        encoding="utf-8",
    )

    assert [complaint.partition(": ")[2] for complaint in packages.complaints([wrong])] == [
        "2, Col: 21): Unrecognized named-value: 'env'",
        "2, Col: 37): Unexpected value 'needed'",
    ]


def test_jobs_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "w.yml").write_text(
        "on: push\njobs: {a: {needs: b, steps: []}, b: {needs: a, steps: []}}\n", encoding="utf-8"
    )

    with pytest.raises(NotSupported, match="wait for each other"):
        Workflow.read(tmp_path / "w.yml")
