"""The tests' own GitHub does what clients must be ready for."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from .github_api import TOKEN, Failure, GitHubServer, Run


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer.running() as server:
        server.add_run(Run(id=7))
        yield server


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def get(url: str, **headers: str) -> tuple[int, Any, dict[str, str]]:
    request = urllib.request.Request(  # noqa: S310 - loopback
        url, headers={"Authorization": f"Bearer {TOKEN}", **headers}
    )
    try:
        with urllib.request.build_opener(_NoRedirection).open(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read()), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def test_artifacts_are_listed_by_name_a_page_at_a_time(github: GitHubServer) -> None:
    for _ in range(3):
        github.upload(7, "store-index", {"store.json": b"{}"})
    github.upload(7, "bundle", {"a": b"b"})

    url = f"{github.api}/repos/acme/wheels/actions/artifacts?name=store-index&per_page=2"
    _, first, headers = get(url)
    _, second, _ = get(headers["Link"].partition(">")[0].removeprefix("<"))

    assert first["total_count"] == 3
    assert [row["id"] for row in (*first["artifacts"], *second["artifacts"])] == [1003, 1002, 1001]


def test_a_zip_is_behind_a_redirection_to_another_host_that_takes_no_token(
    github: GitHubServer,
) -> None:
    artifact = github.upload(7, "bundle", {"a": b"b"})

    url = f"{github.api}/repos/acme/wheels/actions/artifacts/{artifact.id}/zip"
    status, _, headers = get(url)

    assert status == 302
    assert headers["Location"].startswith("http://localhost:")
    assert get(headers["Location"])[0] == 400


def test_an_expired_artifact_is_gone(github: GitHubServer) -> None:
    artifact = github.upload(7, "bundle", {"a": b"b"}, expired=True)

    url = f"{github.api}/repos/acme/wheels/actions/artifacts/{artifact.id}/zip"

    assert get(url)[0] == 410


@pytest.mark.parametrize(
    ("base", "head", "status"),
    [
        ("main", "b", "behind"),
        ("main", "c", "identical"),
        ("main", "x", "diverged"),
        ("b", "main", "ahead"),
        ("main", "unknown", None),
    ],
)
def test_commits_are_compared_with_a_branch(
    base: str, head: str, status: str | None, github: GitHubServer
) -> None:
    github.history_by_branch = {"main": ["a", "b", "c"], "topic": ["a", "x"]}

    answer, difference, _ = get(f"{github.api}/repos/acme/wheels/compare/{base}...{head}")

    assert (answer, difference["status"] if answer == 200 else None) == (
        (200, status) if status else (404, None)
    )


def test_a_token_without_the_right_is_refused(github: GitHubServer) -> None:
    github.rights = {"actions"}

    url = f"{github.api}/repos/acme/wheels"

    assert get(f"{url}/actions/runs/7")[0] == 200
    assert get(f"{url}/releases")[0] == 403
    assert get(f"{url}/actions/runs/7", Authorization="Bearer other")[0] == 401


def test_the_rate_limit_ends_requests(github: GitHubServer) -> None:
    github.remaining = 1
    url = f"{github.api}/repos/acme/wheels/actions/runs/7"

    assert get(url)[0] == 200
    status, _, headers = get(url)

    assert (status, headers["X-RateLimit-Remaining"]) == (403, "0")


def test_failures_are_scripted_one_request_each(github: GitHubServer) -> None:
    github.fail("runs/7", Failure(status=502), Failure(status=0))
    url = f"{github.api}/repos/acme/wheels/actions/runs/7"

    assert get(url)[0] == 502
    with pytest.raises(OSError, match=r"closed connection|reset"):
        get(url)
    assert get(url)[0] == 200
