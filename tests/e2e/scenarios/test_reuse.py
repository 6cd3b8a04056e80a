"""What is built again, and what is taken from earlier runs."""

from ...github_api import FORK
from ..github_repository import Repository
from ..scenario_table import Record


def test_the_first_push_builds_and_what_changes_nothing_builds_nothing(
    repository: Repository, record: Record
) -> None:
    repository.write("click", "netifaces")
    first = repository.push()
    record("first push", first)
    (repository.directory / "README.md").write_text("Read me.\n", encoding="utf-8")
    repository.commit()

    second = repository.push()

    record("README changed", second)
    assert (first.red, first.built) == ([], 1)
    assert (second.red, second.builds) == ([], {})
    assert len(second.all_jobs) <= 4
    assert repository.verify(second)["wheels"] == 2


def test_what_a_fork_built_is_not_taken_even_from_a_branch_called_main(
    repository: Repository, record: Record
) -> None:
    base = repository.write("click")
    repository.write("click", "netifaces")
    poisoned = repository.request(base, fork=FORK, branch="main")
    record("pull request of a fork, hosted runners", poisoned)

    merged = repository.push()

    record("push after a fork's pull request", merged)
    assert poisoned.built == 1
    assert (merged.red, merged.built) == ([], 1)


def test_a_push_takes_what_the_merge_queue_built(repository: Repository, record: Record) -> None:
    repository.write("click", "netifaces")
    queued = repository.queue()
    record("merge queue", queued)

    pushed = repository.push()

    record("push after the merge queue", pushed)
    assert (queued.red, queued.built) == ([], 1)
    assert (pushed.red, pushed.builds) == ([], {})


def test_a_pull_request_takes_what_its_earlier_push_built(
    repository: Repository, record: Record
) -> None:
    base = repository.write("click")
    repository.write("click", "netifaces")
    first = repository.request(base)
    record("pull request", first)
    repository.commit()

    second = repository.request(base)
    record("pull request, pushed again", second)
    other = repository.request(base, number=2, branch="another")

    record("another pull request", other)
    assert (first.red, first.built) == ([], 1)
    assert (second.red, second.builds) == ([], {})
    assert (other.red, other.built) == ([], 1)
