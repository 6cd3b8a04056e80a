"""The store in the artifacts of GitHub's runs: what is found, what is believed, what is fetched."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from matrix.edge import files
from matrix.errors import IndexUnavailable
from matrix.store import entries
from matrix.store.entries import Entry
from matrix.store.github_api import GitHubApi
from matrix.store.github_artifacts import MOST_INDEXES, GitHubArtifacts
from matrix.store.github_runs import GitHubRuns
from matrix.store.github_trust import Reader, RunOfGitHub, judge
from matrix.store.lookup import Damaged, Lookup, Store, StoredWheel, Wanted

from .github_api import FORK, TOKEN, WORKFLOW, Failure, GitHubServer, Run
from .stored import LINUX, entry, index, make_wheels, wanted

Open = Callable[[], GitHubArtifacts]


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer.running() as server:
        yield server


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def open_store(github: GitHubServer, tmp_path: Path, log: list[str]) -> Iterator[Open]:
    """Opens the store for run 99, a push to the default branch."""
    opened = []
    if 99 not in github.runs:
        github.add_run(Run(id=99, head_sha="9" * 40))

    def open_one() -> GitHubArtifacts:
        api = GitHubApi.open(github.environment(99), log=log.append, sleep=lambda _: None)
        runs = GitHubRuns(api, branch="main", run="99", workflow=WORKFLOW)
        store = GitHubArtifacts(api, runs, scratch=tmp_path / "scratch")
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()


def build(
    github: GitHubServer,
    directory: Path,
    run: Run,
    *projects: str,
    content: str = "",
    is_on_branch: bool = True,
) -> list[Entry]:
    """Let a run build wheels and keep them, as the generated workflow does."""
    github.add_run(run, is_on_branch=is_on_branch)
    wheels = make_wheels(directory / str(run.id), *projects, content=content)
    rows = [entry(wheel, run=str(run.id)) for wheel in wheels]
    github.upload(run.id, "wheels-linux.1", {wheel.name: wheel.read_bytes() for wheel in wheels})
    text = entries.dump(index(*rows, run=str(run.id)))
    github.upload(run.id, "store-index", {entries.FILENAME: text.encode()})
    return rows


def find(store: Store, *projects: str) -> Lookup:
    return store.find([wanted(project) for project in projects])


def get(lookup: Lookup, project: str) -> StoredWheel:
    return lookup.wheel_by_wanted[wanted(project)]


def test_the_wheel_of_a_run_of_the_default_branch_is_found_and_fetched(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    (row,) = build(github, tmp_path, Run(id=7), "six")

    store = open_store()
    answer = find(store, "six")
    store.fetch(get(answer, "six"), tmp_path / "six.whl")

    assert get(answer, "six").run == "run 7"
    assert files.digest(tmp_path / "six.whl") == row.sha256
    assert answer.past == {("six", LINUX): 60}
    assert answer.problems == ()
    assert answer.lines == (
        "1 of 1 wheels are in the artifacts of earlier runs; index read from 1 run",
    )


def test_the_token_goes_to_the_api_alone_and_into_no_message(
    github: GitHubServer, open_store: Open, tmp_path: Path, log: list[str]
) -> None:
    build(github, tmp_path, Run(id=7), "six")

    store = open_store()
    store.fetch(get(find(store, "six"), "six"), tmp_path / "six.whl")

    elsewhere = [request for request in github.requests if request.host == "localhost"]
    assert len(elsewhere) == 2
    assert not [request for request in elsewhere if "authorization" in request.headers]
    assert all("authorization" in each.headers for each in github.asked("^/api/v3/"))
    assert not [line for line in log if TOKEN in line or "sig=" in line]


def test_the_token_shows_in_no_error_and_no_repr(github: GitHubServer, open_store: Open) -> None:
    github.fail("actions/artifacts", *[Failure(status=500)] * 4)

    with pytest.raises(IndexUnavailable) as caught:
        find(open_store(), "six")

    assert str(caught.value) == (
        f"{github.api}/repos/acme/wheels/actions/artifacts?name=store-index&per_page=100&page=1: "
        "expected the store's indexes, got status 500\n"
        "  hint: run the job again; --no-store plans without the wheels of earlier runs"
    )


def test_a_job_without_the_right_is_told_which_one(github: GitHubServer, open_store: Open) -> None:
    github.rights = {"contents"}

    with pytest.raises(IndexUnavailable) as caught:
        find(open_store(), "six")

    assert caught.value.exit_code == 6
    assert caught.value.problems[0].hint == (
        "the job needs `permissions: {actions: read, contents: read}`, and GITHUB_TOKEN as a "
        "variable"
    )


@pytest.mark.parametrize(
    "failures",
    [
        [Failure(status=0)],
        [Failure(status=502), Failure(status=503)],
        [Failure(status=429, headers={"Retry-After": "1"})],
        [Failure(status=403, headers={"Retry-After": "1"})],
        [Failure(status=403, headers={"X-RateLimit-Remaining": "0"})],
    ],
    ids=["reset", "bad-gateway", "too-many", "secondary-limit", "rate-limit"],
)
@pytest.mark.parametrize(
    "place", ["actions/artifacts[?]", "actions/runs/7", "compare", "zip", "/files/"]
)
def test_an_outage_that_passes_changes_nothing(
    place: str,
    failures: list[Failure],
    github: GitHubServer,
    open_store: Open,
    tmp_path: Path,
) -> None:
    build(github, tmp_path, Run(id=7), "six")
    github.fail(place, *failures)

    assert get(find(open_store(), "six"), "six").run == "run 7"
    assert github.failures == []


def test_a_rate_limit_that_stays_is_named(github: GitHubServer, open_store: Open) -> None:
    github.remaining = 0

    with pytest.raises(IndexUnavailable, match="no requests are left in the rate limit"):
        find(open_store(), "six")


def test_at_most_twenty_indexes_are_read_far_below_the_rate_limit(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    for number in range(100, 150):
        build(github, tmp_path, Run(id=number, head_sha=f"{number:040d}"), f"p{number}")

    answer = find(open_store(), "p149", "p130", "p129")

    found = {cell.project for cell in answer.wheel_by_wanted}
    assert found == {"p149", "p130"}
    assert len(github.asked("/files/")) == MOST_INDEXES == 20
    assert len(github.asked("^/api/")) <= 3 * MOST_INDEXES + 5


def test_reading_ends_when_everything_was_found(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    for number in range(3):
        build(github, tmp_path, Run(id=number + 1, head_sha=f"{number:040d}"), "six")

    assert get(find(open_store(), "six"), "six").run == "run 3"
    assert len(github.asked("/files/")) == 1


def test_nothing_wanted_asks_nothing(github: GitHubServer, open_store: Open) -> None:
    assert find(open_store()).wheel_by_wanted == {}
    assert github.requests == []


def test_an_index_tells_of_wheels_that_older_runs_built(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    (row,) = build(github, tmp_path, Run(id=7, head_sha="7" * 40), "six")
    github.artifacts.pop()
    github.add_run(Run(id=8, head_sha="8" * 40))
    github.upload(8, "store-index", {"store.json": entries.dump(index(row, run="8")).encode()})

    store = open_store()
    stored = get(find(store, "six"), "six")
    store.fetch(stored, tmp_path / "six.whl")

    assert stored.run == "run 7"


def test_a_trusted_index_cannot_name_an_untrusted_run(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    request = Run(id=7, event="pull_request", head_branch="topic", pull_requests=(3,))
    (row,) = build(github, tmp_path, request, "six")
    github.artifacts.pop()
    github.add_run(Run(id=8, head_sha="8" * 40))
    github.upload(8, "store-index", {"store.json": entries.dump(index(row, run="8")).encode()})

    answer = find(open_store(), "six")

    assert answer.wheel_by_wanted == {}
    assert [problem.what for problem in answer.problems] == [
        f"forged: {row.filename} for {LINUX}: run 7 is not trusted: it is of a pull request"
    ]


@pytest.mark.parametrize(
    ("run", "is_on_branch", "reason"),
    [
        (Run(id=7, head_repository=FORK), True, "it is of a fork"),
        (Run(id=7, event="pull_request", pull_requests=(3,)), True, "it is of a pull request"),
        (Run(id=7, head_branch="topic"), True, "it is of another branch"),
        (Run(id=7), False, "its commit is not on the default branch"),
        (
            Run(id=7, path=".github/workflows/other.yml"),
            True,
            f"its workflow is .github/workflows/other.yml, not {WORKFLOW}",
        ),
        (Run(id=7, event="pull_request_target"), True, "its event is pull_request_target"),
    ],
    ids=["fork", "request", "branch", "commit", "workflow", "event"],
)
def test_wheels_of_runs_that_nobody_reviewed_are_not_taken_and_the_line_says_why(
    run: Run,
    is_on_branch: bool,
    reason: str,
    github: GitHubServer,
    open_store: Open,
    tmp_path: Path,
) -> None:
    build(github, tmp_path, run, "six", is_on_branch=is_on_branch)

    answer = find(open_store(), "six")

    assert answer.wheel_by_wanted == {}
    assert answer.lines[1:] == (f"1 not read: {reason}",)


def test_hundreds_of_indexes_of_forks_cost_pages_and_no_requests_of_their_own(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    build(github, tmp_path, Run(id=7), "six")
    for number in range(1000, 1230):
        github.add_run(Run(id=number, head_repository=FORK), is_on_branch=False)
        github.upload(number, "store-index", {"store.json": b"{}"})

    answer = find(open_store(), "six")

    assert get(answer, "six").run == "run 7"
    assert answer.lines[1:] == ("230 not read: it is of a fork",)
    assert len(github.asked("^/api/")) == 3 + 2 + 1 + 1


def test_a_merge_queue_is_reused_once_its_commit_has_landed(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    queue = Run(
        id=7, event="merge_group", head_branch="gh-readonly-queue/main/pr-3", head_sha="7" * 40
    )
    build(github, tmp_path, queue, "six", is_on_branch=False)

    assert find(open_store(), "six").wheel_by_wanted == {}

    github.history_by_branch["main"].append("7" * 40)
    assert get(find(open_store(), "six"), "six").run == "run 7"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (Run(id=99, event="pull_request", head_branch="topic", pull_requests=(3,)), True),
        (Run(id=99, event="pull_request", head_branch="other", pull_requests=(4,)), False),
        (
            Run(
                id=99,
                event="pull_request",
                head_branch="topic",
                head_repository=FORK,
                pull_requests=(5,),
            ),
            False,
        ),
        (Run(id=99, event="workflow_dispatch", head_branch="topic"), False),
    ],
    ids=["same-request", "other-request", "fork-of-the-same-branch-name", "branch"],
)
def test_a_pull_request_takes_the_wheels_of_its_own_earlier_runs_alone(
    own: Run,
    expected: bool,
    github: GitHubServer,
    open_store: Open,
    tmp_path: Path,
) -> None:
    request = Run(id=7, event="pull_request", head_branch="topic", pull_requests=(3,))
    build(github, tmp_path, request, "six", is_on_branch=False)
    github.runs[99] = own

    assert bool(find(open_store(), "six").wheel_by_wanted) == expected


def test_the_newest_artifact_of_a_name_is_fetched(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    (row,) = build(github, tmp_path, Run(id=7), "six")
    # "Run again" can leave two artifacts of one name in a run.
    old = dataclasses.replace(
        github.artifacts[0], id=9000, created_at="2026-10-01T00:00:00Z", content=b""
    )
    github.artifacts.append(old)

    store = open_store()
    store.fetch(get(find(store, "six"), "six"), tmp_path / "six.whl")

    assert files.digest(tmp_path / "six.whl") == row.sha256


def damage_zip(github: GitHubServer) -> None:
    github.artifacts[0] = dataclasses.replace(github.artifacts[0], content=b"no zip")


def empty_zip(github: GitHubServer) -> None:
    first = github.artifacts.pop(0)
    github.upload(first.run, first.name, {})


def replace_wheel(github: GitHubServer) -> None:
    first = github.artifacts.pop(0)
    size = len(first.content)
    github.upload(
        first.run, first.name, {"six-1.0-cp312-cp312-manylinux_2_17_x86_64.whl": b"x" * size}
    )


def expire(github: GitHubServer) -> None:
    github.artifacts[0] = dataclasses.replace(github.artifacts[0], expired=True)


def remove(github: GitHubServer) -> None:
    del github.artifacts[0]


@pytest.mark.parametrize(
    ("harm", "code", "reason"),
    [
        (damage_zip, "damaged", "the artifact cannot be read: File is not a zip file"),
        (empty_zip, "damaged", "the artifact has no six-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"),
        (replace_wheel, "damaged", "expected "),
        (expire, "expired", "artifact wheels-linux.1 of run 7 has expired"),
        (remove, "expired", "run 7 has no artifact wheels-linux.1"),
    ],
)
def test_a_wheel_that_is_damaged_or_gone_is_named(
    harm: Callable[[GitHubServer], None],
    code: str,
    reason: str,
    github: GitHubServer,
    open_store: Open,
    tmp_path: Path,
) -> None:
    build(github, tmp_path, Run(id=7), "six")
    harm(github)
    store = open_store()
    stored = get(find(store, "six"), "six")

    with pytest.raises(Damaged) as caught:
        store.fetch(stored, tmp_path / "six.whl")

    assert (caught.value.code, str(caught.value)[: len(reason)]) == (code, reason)
    assert not (tmp_path / "six.whl").exists()


def test_a_damaged_index_is_named_and_the_next_one_is_read(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    build(github, tmp_path, Run(id=7, head_sha="7" * 40), "six")
    github.add_run(Run(id=8, head_sha="8" * 40))
    github.upload(8, "store-index", {"store.json": b"[]"})

    answer = find(open_store(), "six")

    assert get(answer, "six").run == "run 7"
    assert [problem.what for problem in answer.problems] == [
        "damaged: the index of run 8: expected an object with schema 1, got an array"
    ]


def test_different_bytes_of_one_key_are_named(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    build(github, tmp_path, Run(id=7, head_sha="7" * 40), "six", content="old")
    (row,) = build(github, tmp_path, Run(id=8, head_sha="8" * 40), "six", content="new")

    answer = find(open_store(), "six", "yaml")

    assert get(answer, "six").sha256 == row.sha256
    what = "runs 8 and 7 built different bytes from the same inputs; run 8 is used"
    assert [problem.what for problem in answer.problems] == [
        f"conflict: {row.filename} for {LINUX}: {what}"
    ]


EVENTS: Final = (
    "push",
    "merge_group",
    "schedule",
    "workflow_dispatch",
    "pull_request",
    "pull_request_target",
    "workflow_run",
    "",
)
STANDINGS: Final = ("behind", "identical", "ahead", "diverged", "")


@pytest.mark.parametrize(
    ("is_own", "path", "event", "standing", "branch", "request_branch"),
    [
        *itertools.product(
            (True, False),
            (WORKFLOW, "other.yml"),
            EVENTS,
            STANDINGS,
            ("main", "topic"),
            ("", "topic"),
        )
    ],
)
def test_every_combination_of_facts_has_the_verdict_of_the_table(
    is_own: bool,
    path: str,
    event: str,
    standing: str,
    branch: str,
    request_branch: str,
) -> None:
    run = RunOfGitHub(
        id="7", event=event, path=path, head_branch=branch, head_sha="c" * 40, is_own=is_own
    )
    reader = Reader(workflow=WORKFLOW, request_branch=request_branch)

    verdict = judge(run, reader, standing=standing)

    table = {
        "push": standing in {"behind", "identical"},
        "merge_group": standing in {"behind", "identical"},
        "schedule": standing in {"behind", "identical"},
        "workflow_dispatch": standing in {"behind", "identical"},
        "pull_request": branch == request_branch == "topic",
    }
    assert (verdict == "") == (is_own and path == WORKFLOW and table.get(event, False))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"repository": {"id": 1}},
        {"repository": {"id": 1}, "head_repository": None},
        {"repository": {}, "head_repository": {}},
        {"repository": {"id": 1}, "head_repository": {"id": 2}},
    ],
)
def test_a_run_without_the_fact_that_it_is_the_repositorys_own_is_not(
    answer: dict[str, object],
) -> None:
    assert not RunOfGitHub.of(answer).is_own


def test_wanted_is_what_a_row_must_be(
    github: GitHubServer, open_store: Open, tmp_path: Path
) -> None:
    github.add_run(Run(id=7))
    (wheel,) = make_wheels(tmp_path, "six")
    cell = wanted("yaml")
    row = entry(wheel, content_key=cell.content_key, test_key=cell.test_key)
    github.upload(7, "store-index", {"store.json": entries.dump(index(row)).encode()})

    answer = open_store().find([cell])

    assert [problem.what for problem in answer.problems] == [
        f"forged: {wheel.name} for {LINUX}: it is not yaml 1.0"
    ]
    assert isinstance(cell, Wanted)
