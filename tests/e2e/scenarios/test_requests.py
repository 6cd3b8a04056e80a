"""Pull requests: what runs for whom."""

from ...github_api import FORK
from ..github_repository import Repository
from ..scenario_table import Record


def test_nothing_of_a_fork_runs_on_own_runners(repository: Repository, record: Record) -> None:
    runner = {**repository.manifest["runners"][0], "github": ["self-hosted", "linux"]}
    base = repository.write("click", runners=[runner])
    repository.write("click", "netifaces", runners=[runner])

    run = repository.request(base, fork=FORK)
    record("pull request of a fork, own runners", run)

    assert run.all_jobs == ()
    assert repository.gh.calls == []


def test_a_manifest_that_is_wrong_is_red_at_its_line(
    repository: Repository, record: Record
) -> None:
    base = repository.write("click")
    path = repository.directory / "packages.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "pakages: []\n", encoding="utf-8")
    repository.commit()

    run = repository.request(base)
    record("manifest invalid", run)

    assert run.result("check") == "failure"
    assert "plan" not in run.jobs
    (error,) = (note for note in run.jobs["check"][0].annotations if note.level == "error")
    assert error.place["file"] == "packages.yaml"
    assert "unknown key 'pakages'" in error.text
    assert "unknown key 'pakages'" in run.jobs["check"][0].summary


def test_a_requirement_that_no_release_meets_is_red_and_reported(
    repository: Repository, record: Record
) -> None:
    base = repository.write("click")
    path = repository.directory / "packages.yaml"
    text = path.read_text(encoding="utf-8").replace("- click\n", "- click\n- six>=99\n")
    path.write_text(text, encoding="utf-8")
    repository.commit()

    run = repository.request(base)
    record("impossible requirement", run)

    assert run.result("plan") == "failure"
    assert run.builds == {}
    summary = run.jobs["plan"][0].summary
    assert "six" in summary.splitlines()[0] + summary.splitlines()[2]
