"""The GitLab of the tests: what a pipeline can do there with the token of its job, and what not."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from .gitlab_api import FORK, MAINTAINER, PATH, PROJECT, TOKEN, Failure, GitLabServer, Variable

FILE = "packages/generic/wheels/12/six.whl"


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    with GitLabServer.running() as server:
        yield server


def ask(
    gitlab: GitLabServer, line: str, body: bytes | Mapping[str, Any] = b"", **headers: str
) -> tuple[int, Any, Mapping[str, str]]:
    """Send ``METHOD PATH``; return status, JSON or bytes, and headers."""
    method, path = line.split()
    connection = http.client.HTTPConnection(gitlab.url.removeprefix("http://"), timeout=10)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if not isinstance(body, bytes):
        body, fields["Content-Type"] = json.dumps(body).encode(), "application/json"
    connection.request(method, f"{PATH}/projects/{PROJECT}/{path}", body=body, headers=fields)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    try:
        return response.status, json.loads(content), dict(response.headers)
    except ValueError:
        return response.status, content, dict(response.headers)


def start(gitlab: GitLabServer, ref: str = "main", **facts: Any) -> dict[str, str]:  # noqa: ANN401
    return gitlab.start_job(gitlab.start_pipeline(ref, **facts))


def token(variables: Mapping[str, str]) -> str:
    return variables["CI_JOB_TOKEN"]


def test_a_file_says_which_pipeline_uploaded_it(gitlab: GitLabServer) -> None:
    job = start(gitlab, sha="a" * 40)

    status, created, _ = ask(gitlab, f"PUT {FILE}", b"wheel", JOB_TOKEN=token(job))
    _, (package,), _ = ask(gitlab, "GET packages?package_name=wheel", JOB_TOKEN=token(job))
    path = f"packages/{package['id']}/package_files"
    _, (file,), _ = ask(gitlab, f"GET {path}", JOB_TOKEN=token(job))

    assert (status, created) == (201, {"message": "201 Created"})
    assert (package["name"], package["version"]) == ("wheels", "12")
    (pipeline,) = file["pipelines"]
    assert {name: pipeline[name] for name in ("id", "ref", "sha", "source", "project_id")} == {
        "id": int(job["CI_PIPELINE_ID"]),
        "ref": "main",
        "sha": "a" * 40,
        "source": "push",
        "project_id": PROJECT,
    }


def test_a_merge_request_has_a_ref_of_its_own(gitlab: GitLabServer) -> None:
    job = start(gitlab, "topic", request=3)

    ask(gitlab, f"PUT {FILE}", b"wheel", JOB_TOKEN=token(job))
    number = gitlab.packages[0].id
    _, (file,), _ = ask(gitlab, f"GET packages/{number}/package_files", JOB_TOKEN=token(job))

    assert file["pipelines"][0]["ref"] == "refs/merge-requests/3/head"
    assert file["pipelines"][0]["source"] == "merge_request_event"
    assert "CI_COMMIT_BRANCH" not in job


def test_of_two_files_with_one_name_the_newest_is_downloaded(gitlab: GitLabServer) -> None:
    job = start(gitlab)
    for content in (b"first", b"second"):
        ask(gitlab, f"PUT {FILE}", content, JOB_TOKEN=token(job))

    status, content, headers = ask(gitlab, f"GET {FILE}", JOB_TOKEN=token(job))

    assert (status, content) == (200, b"second")
    assert headers["X-Checksum-SHA256"].startswith("16367aac")
    assert len(gitlab.packages[0].files) == 2


def test_a_project_may_refuse_a_second_file_of_one_name(gitlab: GitLabServer) -> None:
    gitlab.are_duplicates_allowed = False
    job = start(gitlab)
    ask(gitlab, f"PUT {FILE}", b"x", JOB_TOKEN=token(job))

    status, answer, _ = ask(gitlab, f"PUT {FILE}", b"x", JOB_TOKEN=token(job))

    assert (status, answer["message"]) == (
        400,
        "400 Bad request - Duplicate package is not allowed",
    )


def test_a_token_ends_with_its_job(gitlab: GitLabServer) -> None:
    job = start(gitlab)
    gitlab.finish_job(job)

    status, answer, _ = ask(gitlab, "GET packages", JOB_TOKEN=token(job))

    assert (status, answer) == (401, {"message": "401 Unauthorized"})


def test_a_fork_s_token_is_not_allowed_here(gitlab: GitLabServer) -> None:
    job = start(gitlab, "topic", request=3, project=FORK)

    status, _, _ = ask(gitlab, f"PUT {FILE}", b"x", JOB_TOKEN=token(job))

    assert status == 403
    assert gitlab.packages == []


def test_a_stranger_sees_no_project(gitlab: GitLabServer) -> None:
    assert ask(gitlab, "GET packages")[0] == 404
    assert ask(gitlab, f"PUT {FILE}", b"x")[0] == 401


def test_a_job_reads_notes_and_writes_none(gitlab: GitLabServer) -> None:
    job = start(gitlab, "topic", request=3)
    notes, body = "merge_requests/3/notes", {"body": "report"}

    assert ask(gitlab, f"POST {notes}", body, JOB_TOKEN=token(job))[0] == 401
    assert ask(gitlab, f"POST {notes}", body, PRIVATE_TOKEN=TOKEN)[0] == 201
    _, (note,), _ = ask(gitlab, f"GET {notes}", JOB_TOKEN=token(job))
    assert note["body"] == "report"
    edited = ask(gitlab, f"PUT {notes}/{note['id']}", {"body": "new"}, PRIVATE_TOKEN=TOKEN)
    assert edited[1]["body"] == "new"


def test_deleting_needs_a_maintainer(gitlab: GitLabServer) -> None:
    job = start(gitlab)
    other = gitlab.start_job(gitlab.start_pipeline(), role=MAINTAINER)
    ask(gitlab, f"PUT {FILE}", b"x", JOB_TOKEN=token(job))
    path = f"packages/{gitlab.packages[0].id}"

    assert ask(gitlab, f"DELETE {path}", JOB_TOKEN=token(job))[0] == 403
    assert ask(gitlab, f"DELETE {path}", JOB_TOKEN=token(other))[0] == 204
    assert gitlab.packages == []


def test_a_release_exists_once_and_each_of_its_links_too(gitlab: GitLabServer) -> None:
    gitlab.tags["bundle-1"] = "c" * 40
    job = start(gitlab, "bundle-1", tag=True)
    link = {"name": "parts.json", "url": "https://files.example/parts.json"}
    release = {"tag_name": "bundle-1", "assets": {"links": [link]}}

    first, second = (ask(gitlab, "POST releases", release, JOB_TOKEN=token(job)) for _ in range(2))
    again = ask(gitlab, "POST releases/bundle-1/assets/links", link, JOB_TOKEN=token(job))

    assert (first[0], second[0], second[1]["message"]) == (201, 409, "Release already exists")
    assert (again[0], again[1]["message"]) == (400, {"name": ["has already been taken"]})
    assert [row["name"] for row in gitlab.releases[0].links] == ["parts.json"]


def test_a_release_without_its_tag_is_refused(gitlab: GitLabServer) -> None:
    job = start(gitlab)

    status, _, _ = ask(gitlab, "POST releases", {"tag_name": "bundle-1"}, JOB_TOKEN=token(job))

    assert status == 422


def test_pages_have_twenty_rows_unless_more_are_wanted(gitlab: GitLabServer) -> None:
    job = start(gitlab)
    for number in range(45):
        gitlab.upload("wheels", str(number), "x", b"")

    _, rows, headers = ask(gitlab, "GET packages?page=3", JOB_TOKEN=token(job))
    _, all_rows, last = ask(gitlab, "GET packages?per_page=100&sort=desc", JOB_TOKEN=token(job))

    assert (len(rows), headers["X-Next-Page"], headers["X-Total"]) == (5, "", "45")
    assert (len(all_rows), all_rows[0]["version"], last["X-Next-Page"]) == (45, "44", "")


@pytest.mark.parametrize(
    ("ref", "facts", "environment", "expected"),
    [
        ("main", {}, "store", True),
        ("bundle-1", {"tag": True}, "store", True),
        ("main", {}, "", False),
        ("topic", {}, "store", False),
        ("main", {"request": 3}, "store", False),
        ("main", {"project": FORK}, "store", False),
    ],
)
def test_a_protected_variable_reaches_jobs_of_its_environment_on_protected_refs(
    gitlab: GitLabServer, ref: str, facts: dict[str, Any], environment: str, *, expected: bool
) -> None:
    gitlab.variables["KEY"] = Variable(value="secret", environment="store")

    variables = gitlab.start_job(gitlab.start_pipeline(ref, **facts), environment=environment)

    assert ("KEY" in variables) == expected


def test_failures_are_scripted(gitlab: GitLabServer) -> None:
    gitlab.failures += [("PUT", Failure(status=0)), ("GET packages", Failure(status=502))]
    job = start(gitlab)

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(gitlab, f"PUT {FILE}", b"x", JOB_TOKEN=token(job))
    gitlab.failures[0] = ("/packages", gitlab.failures[0][1])
    assert ask(gitlab, "GET packages", JOB_TOKEN=token(job))[0] == 502
    assert ask(gitlab, "GET packages", JOB_TOKEN=token(job))[0] == 200
