"""What the lines of the job that publishes do to a repository: once, twice, and after a failure."""

import functools
import hashlib
from pathlib import Path
from typing import Any

import pytest

from matrix.pipelines import github, providers

from .gh_program import BASH, GhProgram, run_steps
from .golden import cases, semantics

pytestmark = pytest.mark.skipif(not BASH, reason="no bash")

SHA = "a" * 40
TAG = "bundle-7"
PARTS = {
    "acme-7.tar.part001": b"first",
    "acme-7.tar.part002": b"second",
    "parts.json": b"{}\n",
    "NOTES.md": b"# acme 7\n",
}


@pytest.fixture
def gh(tmp_path: Path) -> GhProgram:
    gh = GhProgram(tmp_path / "gh")
    gh.change(compare={f"main...{SHA}": "behind"})
    return gh


@functools.cache
def steps() -> Any:  # noqa: ANN401 - YAML
    workflow = providers.render_committed(cases.manifest("one-linux"))[github.WORKFLOW]
    return semantics.parse(workflow)["jobs"]["publish"]["steps"]


def sums(parts: dict[str, bytes]) -> str:
    rows = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in parts.items())
    return "".join(rows)


def publish(
    gh: GhProgram,
    directory: Path,
    *,
    artifact: dict[str, bytes] = PARTS,
    told: dict[str, bytes] = PARTS,
) -> str:
    """Play the job on a runner that keeps its directory; ``told`` is what `bundle` has told."""
    first, *rest = steps()
    variables = {
        "SHA": SHA,
        "GH_REPO": "acme/wheels",
        "GH_TOKEN": "token",
        "TAG": TAG,
        "SUMS": sums(told).strip(),
    }
    directory.mkdir(exist_ok=True)
    assert run_steps({"steps": [first]}, gh=gh, directory=directory, variables=variables) == ""
    (directory / "parts").mkdir()
    for name, data in artifact.items():
        (directory / "parts" / name).write_bytes(data)
    # Whether the release has the files already is the condition of the step that uploads.
    before = [step for step in rest if step["name"] != "Upload the files, and parts.json last"]
    until = [step["name"] for step in before].index("Publish")
    complaint = run_steps(
        {"steps": before[:until]}, gh=gh, directory=directory, variables=variables
    )
    if complaint:
        return complaint
    has_files = (directory / "released" / "parts.json").exists()
    skipped = ("Upload the files, and parts.json last",) if has_files else ()
    last = [step for step in rest if step not in before[:until]]
    return run_steps(
        {"steps": last}, gh=gh, directory=directory, variables=variables, skipped=skipped
    )


def test_a_release_has_the_parts_and_is_no_draft(gh: GhProgram, tmp_path: Path) -> None:
    assert publish(gh, tmp_path / "work") == ""

    assert gh.state["releases"] == {TAG: {"draft": False}}
    assert gh.files_of(TAG) == {name: PARTS[name] for name in PARTS if name != "NOTES.md"}


def test_a_second_run_changes_nothing_and_succeeds(gh: GhProgram, tmp_path: Path) -> None:
    assert publish(gh, tmp_path / "work") == ""
    before, calls = gh.files_of(TAG), len(gh.calls)

    assert publish(gh, tmp_path / "work") == ""

    assert gh.files_of(TAG) == before
    assert [words[1] for words in gh.calls[calls:]][1:] == ["view", "download", "edit"]


@pytest.mark.parametrize("name", ["acme-7.tar.part001", "acme-7.tar.part002", "parts.json"])
def test_a_run_after_a_failed_upload_completes_the_draft(
    gh: GhProgram, tmp_path: Path, name: str
) -> None:
    gh.change(fails_at=name)

    assert "HTTP 502" in publish(gh, tmp_path / "work")
    assert gh.state["releases"][TAG]["draft"]
    assert publish(gh, tmp_path / "work") == ""

    assert not gh.state["releases"][TAG]["draft"]
    assert len(gh.files_of(TAG)) == 3


def test_a_release_that_a_person_made_gets_the_files(gh: GhProgram, tmp_path: Path) -> None:
    gh.change(releases={TAG: {"draft": False}})
    (gh.root / "releases" / TAG).mkdir(parents=True)

    assert publish(gh, tmp_path / "work") == ""

    assert len(gh.files_of(TAG)) == 3


def test_a_release_with_other_files_is_left_alone(gh: GhProgram, tmp_path: Path) -> None:
    assert publish(gh, tmp_path / "work") == ""
    other = {**PARTS, "parts.json": b"{ }\n"}

    complaint = publish(gh, tmp_path / "work", artifact=other, told=other)

    assert "::error::the release bundle-7 exists and has other files" in complaint
    assert gh.files_of(TAG)["parts.json"] == b"{}\n"


@pytest.mark.parametrize("name", PARTS)
def test_a_file_that_another_job_has_replaced_is_refused(
    gh: GhProgram, tmp_path: Path, name: str
) -> None:
    complaint = publish(gh, tmp_path / "work", artifact={**PARTS, name: b"other"})

    assert complaint.startswith("Compare every file with the digest")
    assert gh.state["releases"] == {}


def test_a_file_that_another_job_has_added_is_not_published(gh: GhProgram, tmp_path: Path) -> None:
    more = {**PARTS, "acme-7.tar.part003": b"more", "-x.tar.part004": b"an option"}

    assert publish(gh, tmp_path / "work", artifact=more) == ""

    assert "acme-7.tar.part003" not in gh.files_of(TAG)


@pytest.mark.parametrize("status", ["ahead", "diverged", ""])
def test_a_commit_that_is_not_on_the_branch_is_not_released(
    gh: GhProgram, tmp_path: Path, status: str
) -> None:
    gh.change(compare={f"main...{SHA}": status})

    complaint = publish(gh, tmp_path / "work")

    assert complaint.startswith("Refuse a commit that is not on the default branch: ::error::")
    assert gh.state["releases"] == {}


@pytest.mark.parametrize("status", ["behind", "identical"])
def test_a_commit_of_the_branch_is_released(gh: GhProgram, tmp_path: Path, status: str) -> None:
    gh.change(compare={f"main...{SHA}": status})

    assert publish(gh, tmp_path / "work") == ""


def test_what_an_earlier_release_left_on_the_runner_is_not_published(
    gh: GhProgram, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    (work / "parts").mkdir(parents=True)
    (work / "released").mkdir()
    (work / "parts" / "old.tar.part001").write_bytes(b"old")
    (work / "released" / "parts.json").write_bytes(b"old")

    assert publish(gh, work) == ""

    assert len(gh.files_of(TAG)) == 3
