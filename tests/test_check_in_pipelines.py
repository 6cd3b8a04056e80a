"""``check`` in a pipeline: what the run shows to be wrong, and where it is shown."""

import dataclasses
import json
from pathlib import Path

import pytest

from matrix.pipelines import run_checks
from matrix.pipelines.run_facts import RunFacts

from .checkouts import Checkout, enter_github, enter_gitlab
from .index_server import IndexServer
from .manifests import manifest
from .test_pipelines_run_facts import GITHUB_MERGE, MAIN, ON_GITLAB

TAG = dataclasses.replace(MAIN, branch="", tag="bundle-1", ref="refs/tags/bundle-1")
COORDINATOR = """coordinator:
  github: ubuntu-24.04
  gitlab: [linux]
  environment: {PIP_INDEX_URL: {secret: INDEX_URL}, PLAIN: value}
"""


@pytest.fixture
def checkout(tmp_path: Path, index: IndexServer) -> Checkout:
    made = Checkout.make(tmp_path / "repository", index)
    assert made.run("lock", "--quiet") == 0
    return made


def errors(facts: RunFacts, *, more: str = "", **environment: str) -> list[str]:
    found = run_checks.find_errors(manifest("six", more=more), facts, environment)
    return [str(problem) for problem in found]


@pytest.mark.parametrize("tag", ["bundle-1!", "bundle-2026.1.1+local", "bundle-x"])
@pytest.mark.parametrize("facts", [TAG, dataclasses.replace(TAG, event="workflow_dispatch")])
def test_a_tag_that_no_bundle_can_have_is_refused(facts: RunFacts, tag: str) -> None:
    assert errors(dataclasses.replace(facts, tag=tag)) == [
        f"release: expected a tag such as 'bundle-2026.11.1', got {tag!r}"
    ]


def test_tags_of_bundles_and_of_other_things_are_not_refused() -> None:
    for tag in ("bundle-1", "bundle-2026.11.1", "v1.2", ""):
        assert errors(dataclasses.replace(TAG, tag=tag)) == []


def test_another_default_branch_is_an_error_with_the_lines_to_write() -> None:
    facts = dataclasses.replace(MAIN, default_branch="trunk")

    assert errors(facts) == [
        (
            "packages.yaml: github.branch: expected 'trunk', the default branch of acme/wheels, "
            "got 'main'\n"
            "  hint: github: {branch: trunk}, then wheelyard generate"
        )
    ]
    assert errors(facts, more="github: {branch: trunk}\n") == []
    assert errors(dataclasses.replace(facts, default_branch="")) == []
    assert errors(dataclasses.replace(ON_GITLAB, default_branch="trunk")) == []


@pytest.mark.parametrize(
    ("facts", "hint"),
    [
        (MAIN, "set it in the repository's settings"),
        (
            GITHUB_MERGE,
            "set it in the repository's settings; a protected one needs a protected branch",
        ),
        (
            dataclasses.replace(GITHUB_MERGE, is_fork=True),
            "a merge request of a fork gets no secrets: push its commits to a branch here",
        ),
        (
            dataclasses.replace(GITHUB_MERGE, actor="dependabot[bot]"),
            "a run of Dependabot reads Dependabot's own secrets: set it there as well",
        ),
        (ON_GITLAB, "set it in the repository's settings"),
    ],
)
def test_a_secret_without_a_value_is_named_with_the_reason(facts: RunFacts, hint: str) -> None:
    what = "packages.yaml: the secret INDEX_URL for PIP_INDEX_URL has no value in this run"
    expected = [f"{what}\n  hint: {hint}"]

    assert errors(facts, more=COORDINATOR) == expected
    assert errors(facts, more=COORDINATOR, PIP_INDEX_URL="$INDEX_URL") == expected
    assert errors(facts, more=COORDINATOR, PIP_INDEX_URL="https://index.example/") == []


def test_a_default_branch_or_tag_without_protection_is_a_warning() -> None:
    unprotected = [dataclasses.replace(facts, is_protected=False) for facts in (MAIN, TAG)]

    hint = "\n  hint: see docs/releases.md on who may release"
    plain = manifest("six")
    assert [str(run_checks.find_warnings(plain, facts)[0]) for facts in unprotected] == [
        f"the default branch 'main' is not protected{hint}",
        f"the tag 'bundle-1' is not protected{hint}",
    ]
    assert [run_checks.find_warnings(plain, facts) for facts in (MAIN, GITHUB_MERGE)] == [(), ()]
    other = manifest("six", more="output: {tags: lab-}\n")
    assert run_checks.find_warnings(other, unprotected[1]) == ()
    assert errors(dataclasses.replace(TAG, tag="lab-x"), more="output: {tags: lab-}\n") == [
        "release: expected a tag such as 'lab-2026.11.1', got 'lab-x'"
    ]


def test_a_refused_tag_ends_check_before_anything_is_planned(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    enter_github(monkeypatch, tmp_path, "0" * 40, GITHUB_REF="refs/tags/bundle-1!")

    assert checkout.run("check") == 2
    assert "got 'bundle-1!'" in capsys.readouterr().err


def test_a_stale_lock_is_an_error_on_a_branch_and_a_warning_in_a_merge_request(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.write("six", "{requirement: native, targets: [prod]}")
    expected = "packages.lock: native is not locked on cp312-manylinux_2_28_x86_64, "
    codes = {}
    for name, changes in {
        "branch": {},
        "merge request": {
            "CI_MERGE_REQUEST_IID": "7",
            "CI_PIPELINE_SOURCE": "merge_request_event",
        },
    }.items():
        enter_gitlab(monkeypatch, "0" * 40, **changes)
        codes[name] = (checkout.run("check"), checkout.run("lock", "--check"))
        assert expected in capsys.readouterr().err

    assert codes == {"branch": (4, 4), "merge request": (0, 4)}
    checkout.write(
        "six", "{requirement: native, targets: [prod]}", more="policy: {lock: refresh}\n"
    )
    assert checkout.run("lock", "--check") == 0
    assert f"warning: {expected}" in capsys.readouterr().err


def test_a_manifest_without_lock_is_checked_in_a_merge_request(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout.directory / "packages.lock").unlink()
    enter_gitlab(monkeypatch, "0" * 40, CI_MERGE_REQUEST_IID="7")

    assert checkout.run("check") == 0
    assert "warning: packages.lock: packages.lock not found\n" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["check", "plan"])
def test_what_is_wrong_stands_on_the_page_of_the_run_and_beside_the_line(
    verb: str,
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    enter_github(monkeypatch, tmp_path, "0" * 40)
    monkeypatch.chdir(checkout.directory)
    checkout.write("six>=99")
    checkout.run("lock", "--quiet")
    capsys.readouterr()

    code = checkout.run(verb, "--format", "github", "--summary", tmp_path / "summary")

    assert code == 5
    command = next(
        line for line in capsys.readouterr().err.splitlines() if line.startswith("::error ")
    )
    assert command.startswith(
        "::error file=packages.yaml,line=14,title=wheelyard::six>=99 is impossible on "
    )
    written = (tmp_path / "summary").read_text("utf-8")
    assert written.startswith("### packages.yaml:14\n\nsix&#62;=99 is impossible on ")
    assert "\nTry: " in written


@pytest.mark.parametrize(("form", "key"), [("sarif", "runs"), ("json", "problems")])
def test_other_formats_name_file_and_line(
    form: str,
    key: str,
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(checkout.directory)
    checkout.write("six", "verson: 1")
    capsys.readouterr()

    assert checkout.run("check", "--format", form) == 3
    printed = json.loads(capsys.readouterr().out)
    text = json.dumps(printed[key])
    assert "packages.yaml" in text
    assert '"startLine": 15' in text or '"line": 15' in text
