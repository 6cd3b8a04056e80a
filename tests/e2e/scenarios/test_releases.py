"""Releases that no push of a tag started."""

from ..github_repository import Repository
from ..scenario_table import Record


def test_a_run_by_hand_at_a_tag_is_a_release(repository: Repository, record: Record) -> None:
    repository.write("click")
    repository.push()

    run = repository.dispatch("refs/tags/bundle-3")
    record("dispatch at a tag", run)

    assert run.red == []
    assert run.result("publish") == "success"
    published = [call.arguments for call in repository.gh.calls if call.arguments[0] == "release"]
    assert {words[2] for words in published} == {"bundle-3"}


def test_a_release_again_changes_nothing_and_ends_well(
    repository: Repository, record: Record
) -> None:
    repository.write("click")
    repository.push()
    repository.push_tag("bundle-3")
    first = len(repository.gh.calls)
    repository.gh.answer(("api repos/", 0, "identical\n"))

    run = repository.push_tag("bundle-3")
    record("tag again", run)

    assert run.result("bundle") == "success"
    assert len(repository.gh.calls) > first
