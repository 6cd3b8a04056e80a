"""
A small GitHub on loopback: what its REST API answers about runs, artifacts, commits and releases.

It is faithful where a client can go wrong: pages, name filters, rights of a token, rate limits, an
artifact that has expired (410), and zips behind a redirection to another host, which refuses a
request that carries the token. ``failures`` scripts what cannot be provoked.

``api`` is what ``GITHUB_API_URL`` says: an instance of Enterprise has a path in it, as here.
"""

import dataclasses
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from .servers import run_server

PATH: Final = "/api/v3"
TOKEN: Final = "ghs_" + "secret" * 6
REPOSITORY: Final = "acme/wheels"
FORK: Final = "mallory/wheels"
WORKFLOW: Final = ".github/workflows/wheels.yml"
_IDS: Final = {REPOSITORY: 1, FORK: 2}
_PER_PAGE: Final = 30
_MOST_PER_PAGE: Final = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a workflow, as the provider knows it."""

    id: int
    head_branch: str = "main"
    head_sha: str = "c" * 40
    event: str = "push"
    path: str = WORKFLOW
    head_repository: str = REPOSITORY
    run_attempt: int = 1
    pull_requests: tuple[int, ...] = ()
    status: str = "completed"
    conclusion: str = "success"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Artifact:
    """An artifact of a run: a zip."""

    id: int
    run: int
    name: str
    content: bytes
    created_at: str
    expired: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asset:
    """A file of a release."""

    id: int
    name: str
    content: bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Release:
    """A release and its files."""

    id: int
    tag: str
    assets: tuple[Asset, ...]
    is_draft: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """An answer that is given in place of the right one; status 0 resets the connection."""

    status: int
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: str = '{"message": "scripted"}'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked, of which host."""

    host: str
    path: str
    headers: Mapping[str, str]


@dataclasses.dataclass(kw_only=True)
class GitHubServer:
    """The state of the instance; tests change it between requests."""

    api: str = ""
    files: str = ""
    """The other host, where redirections lead."""
    rights: set[str] = dataclasses.field(default_factory=lambda: {"actions", "contents"})
    """What the token may read."""
    remaining: int = 1000
    """Requests until the rate limit."""
    default_branch: str = "main"
    history_by_branch: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    """Commits of each branch, the oldest first."""
    runs: dict[int, Run] = dataclasses.field(default_factory=dict)
    artifacts: list[Artifact] = dataclasses.field(default_factory=list)
    releases: list[Release] = dataclasses.field(default_factory=list)
    failures: list[tuple[str, Failure]] = dataclasses.field(default_factory=list)
    """Patterns over paths with what answers the next request that fits; each counts once."""
    requests: list[Request] = dataclasses.field(default_factory=list)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["GitHubServer"]:
        github = cls()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(github))
        port = server.server_address[1]
        github.api = f"http://127.0.0.1:{port}{PATH}"
        github.files = f"http://localhost:{port}/files"
        with run_server(server):
            yield github

    def environment(self, run: int = 0, **more: str) -> dict[str, str]:
        """The variables that GitHub sets in a run; ``run`` is one of ``runs``."""
        own = self.runs.get(run) or Run(id=run)
        is_request = own.event.startswith("pull_request")
        number = own.pull_requests[0] if own.pull_requests else 0
        ref = f"refs/pull/{number}/merge" if is_request else f"refs/heads/{own.head_branch}"
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.api,
            "GITHUB_SERVER_URL": self.api.removesuffix(PATH),
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REPOSITORY_ID": str(_IDS[REPOSITORY]),
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_NUMBER": str(run),
            "GITHUB_RUN_ATTEMPT": str(own.run_attempt),
            "GITHUB_EVENT_NAME": own.event,
            "GITHUB_SHA": own.head_sha,
            "GITHUB_REF": ref,
            "GITHUB_REF_NAME": ref.split("/", 2)[2],
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_HEAD_REF": own.head_branch if is_request else "",
            "GITHUB_BASE_REF": self.default_branch if is_request else "",
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/{own.path}@{ref}",
            **more,
        }

    def add_run(self, run: Run, *, is_on_branch: bool = True) -> Run:
        """Add a run, and its commit to the default branch."""
        self.runs[run.id] = run
        if is_on_branch:
            history = self.history_by_branch.setdefault(self.default_branch, [])
            if run.head_sha not in history:
                history.append(run.head_sha)
        else:
            self.history_by_branch.setdefault(f"of-run-{run.id}", []).append(run.head_sha)
        return run

    def upload(
        self, run: int, name: str, files: Mapping[str, bytes], *, expired: bool = False
    ) -> Artifact:
        """Keep an artifact of a run: a zip of ``files``, by path."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, content in sorted(files.items()):
                archive.writestr(path, content)
        number = 1 + max((each.id for each in self.artifacts), default=1000) - 1000
        artifact = Artifact(
            id=1000 + number,
            run=run,
            name=name,
            content=buffer.getvalue(),
            created_at=f"2026-11-01T{number // 60 % 24:02d}:{number % 60:02d}:00Z",
            expired=expired,
        )
        self.artifacts.append(artifact)
        return artifact

    def publish(
        self,
        tag: str,
        files: Mapping[str, bytes],
        *,
        is_draft: bool = False,
        is_on_branch: bool = True,
    ) -> Release:
        """Make a release with files, of the newest commit of the default branch."""
        history = self.history_by_branch.get(self.default_branch, ["0" * 40])
        self.history_by_branch[tag] = list(history) if is_on_branch else [*history, "f" * 40]
        first = 5000 + 100 * len(self.releases)
        assets = tuple(
            Asset(id=first + number, name=name, content=content)
            for number, (name, content) in enumerate(sorted(files.items()), start=1)
        )
        release = Release(id=first, tag=tag, assets=assets, is_draft=is_draft)
        self.releases.append(release)
        return release

    def fail(self, pattern: str, *failures: Failure) -> None:
        """Answer the next requests whose path fits with ``failures``, one each."""
        self.failures += [(pattern, failure) for failure in failures]

    def asked(self, pattern: str) -> list[Request]:
        """The requests whose path fits."""
        return [each for each in self.requests if re.search(pattern, each.path)]

    def take_failure(self, path: str) -> Failure | None:
        for place, (pattern, failure) in enumerate(self.failures):
            if re.search(pattern, path):
                del self.failures[place]
                return failure
        return None

    # what the API says

    def describe_repository(self) -> dict[str, Any]:
        return {**_describe_repository(REPOSITORY), "default_branch": self.default_branch}

    def describe_run(self, run: Run) -> dict[str, Any]:
        return {
            "id": run.id,
            "name": "wheels",
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
            "path": run.path,
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "run_number": run.id,
            "run_attempt": run.run_attempt,
            "html_url": f"{self.api.removesuffix(PATH)}/{REPOSITORY}/actions/runs/{run.id}",
            "pull_requests": [
                {"number": number, "head": {"ref": run.head_branch}} for number in run.pull_requests
            ],
            "repository": _describe_repository(REPOSITORY),
            "head_repository": _describe_repository(run.head_repository),
        }

    def describe_artifact(self, artifact: Artifact) -> dict[str, Any]:
        run = self.runs[artifact.run]
        url = f"{self.api}/repos/{REPOSITORY}/actions/artifacts/{artifact.id}"
        return {
            "id": artifact.id,
            "name": artifact.name,
            "size_in_bytes": len(artifact.content),
            "url": url,
            "archive_download_url": f"{url}/zip",
            "expired": artifact.expired,
            "created_at": artifact.created_at,
            "expires_at": "2027-03-01T00:00:00Z",
            "updated_at": artifact.created_at,
            "workflow_run": {
                "id": run.id,
                "repository_id": _IDS[REPOSITORY],
                "head_repository_id": _IDS[run.head_repository],
                "head_branch": run.head_branch,
                "head_sha": run.head_sha,
            },
        }

    def describe_release(self, release: Release) -> dict[str, Any]:
        return {
            "id": release.id,
            "tag_name": release.tag,
            "name": release.tag,
            "draft": release.is_draft,
            "prerelease": False,
            "created_at": f"2026-11-01T00:00:{release.id // 100 % 60:02d}Z",
            "assets": [
                {
                    "id": asset.id,
                    "name": asset.name,
                    "size": len(asset.content),
                    "state": "uploaded",
                    "url": f"{self.api}/repos/{REPOSITORY}/releases/assets/{asset.id}",
                    "browser_download_url": f"{self.files}/browser/{asset.id}",
                }
                for asset in release.assets
            ],
        }

    def compare(self, base: str, head: str) -> dict[str, Any] | None:
        """How ``head`` stands to ``base``, a branch or a commit; None where one is not known."""
        ours = self.history_by_branch.get(base) or self._find_history(base)
        theirs = self.history_by_branch.get(head) or self._find_history(head)
        if not ours or not theirs:
            return None
        if ours[-1] == theirs[-1]:
            status = "identical"
        elif theirs[-1] in ours:
            status = "behind"
        elif ours[-1] in theirs:
            status = "ahead"
        else:
            status = "diverged"
        ahead = [commit for commit in theirs if commit not in ours]
        behind = [commit for commit in ours if commit not in theirs]
        common = [commit for commit in ours if commit in theirs]
        return {
            "status": status,
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "merge_base_commit": {"sha": common[-1] if common else ""},
            "commits": [{"sha": commit} for commit in ahead],
            "files": [],
        }

    def _find_history(self, commit: str) -> list[str]:
        for history in self.history_by_branch.values():
            if commit in history:
                return history[: history.index(commit) + 1]
        return []


def _describe_repository(name: str) -> dict[str, Any]:
    return {"id": _IDS[name], "full_name": name, "fork": name != REPOSITORY}


def _make_handler(github: GitHubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "github.example"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            host = headers.get("host", "").partition(":")[0]
            github.requests.append(Request(host=host, path=self.path, headers=headers))
            if failure := github.take_failure(self.path):
                self._fail(failure)
            elif urlsplit(self.path).path.startswith("/files/"):
                self._serve_file(headers)
            else:
                self._answer_api(headers)

        def _fail(self, failure: Failure) -> None:
            if not failure.status:
                self.close_connection = True
                self.connection.close()
                return
            self._send(failure.status, failure.body.encode(), dict(failure.headers))

        def _answer_api(self, headers: Mapping[str, str]) -> None:
            if headers.get("authorization") != f"Bearer {TOKEN}":
                self._send_json(401, {"message": "Bad credentials"})
                return
            if github.remaining < 1:
                limit = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
                self._send_json(403, {"message": "API rate limit exceeded"}, limit)
                return
            github.remaining -= 1
            parts = urlsplit(self.path)
            path = parts.path.removeprefix(f"{PATH}/repos/{REPOSITORY}")
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            for pattern, right, answer in _ROUTES:
                if match := re.fullmatch(pattern, path):
                    if right not in github.rights:
                        message = "Resource not accessible by integration"
                        self._send_json(403, {"message": message})
                        return
                    parts_by_name = {k: v for k, v in match.groupdict().items() if v}
                    question = Question(
                        path=parts.path,
                        parts=parts_by_name,
                        query=query,
                        accept=headers.get("accept", ""),
                    )
                    given = answer(github, question)
                    self._send_json(given.status, given.value, given.headers)
                    return
            self._send_json(404, {"message": "Not Found"})

        def _serve_file(self, headers: Mapping[str, str]) -> None:
            # The storage behind the API takes a signature in the address, and no token.
            if "authorization" in headers:
                self._send(400, b"<Error>InvalidAuthenticationInfo</Error>")
                return
            number = int(urlsplit(self.path).path.rpartition("/")[2])
            content = find_content(github, number)
            if match := re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", "")):
                start = int(match[1])
                end = min(int(match[2] or len(content) - 1), len(content) - 1)
                if start >= len(content):
                    self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                    return
                piece = content[start : end + 1]
                where = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
                self._send(206, piece, where)
                return
            self._send(200, content)

        def _send_json(
            self, status: int, value: object, headers: Mapping[str, str] | None = None
        ) -> None:
            limit = {"X-RateLimit-Remaining": str(github.remaining)}
            kind = {"Content-Type": "application/json; charset=utf-8"}
            self._send(status, json.dumps(value).encode(), {**limit, **kind, **(headers or {})})

        def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


def find_content(github: GitHubServer, number: int) -> bytes:
    """The bytes of the artifact or asset with that id."""
    contents = {artifact.id: artifact.content for artifact in github.artifacts}
    contents |= {asset.id: asset.content for release in github.releases for asset in release.assets}
    return contents[number]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer as JSON, or a redirection."""

    value: object
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """A request of the API, in its pieces."""

    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    accept: str

    @property
    def number(self) -> int:
        return int(self.parts["id"])


MISSING: Final = Answer(status=404, value={"message": "Not Found"})


def _paginate(
    github: GitHubServer, question: Question, name: str, rows: Sequence[Mapping[str, Any]]
) -> Answer:
    size = min(int(question.query.get("per_page", _PER_PAGE)), _MOST_PER_PAGE)
    page = int(question.query.get("page", "1"))
    piece = [*rows[(page - 1) * size : page * size]]
    links = {}
    if page * size < len(rows):
        query = urlencode({**question.query, "page": str(page + 1)})
        host = github.api.removesuffix(PATH)
        links = {"Link": f'<{host}{question.path}?{query}>; rel="next"'}
    whole = {"total_count": len(rows), name: piece} if name else piece
    return Answer(value=whole, headers=links)


def _redirect(github: GitHubServer, kind: str, number: int) -> Answer:
    address = f"{github.files}/{kind}/{number}?sig=signed-{number}"
    return Answer(status=302, value="", headers={"Location": address})


def _answer_repository(github: GitHubServer, _: Question) -> Answer:
    return Answer(value=github.describe_repository())


def _answer_artifacts(github: GitHubServer, question: Question) -> Answer:
    run, name = question.parts.get("run"), question.query.get("name")
    rows = [
        github.describe_artifact(artifact)
        for artifact in reversed(github.artifacts)
        if (run is None or artifact.run == int(run)) and name in {None, artifact.name}
    ]
    return _paginate(github, question, "artifacts", rows)


def _answer_zip(github: GitHubServer, question: Question) -> Answer:
    artifact = next((each for each in github.artifacts if each.id == question.number), None)
    if artifact is None:
        return MISSING
    if artifact.expired:
        return Answer(status=410, value={"message": "Artifact has expired"})
    return _redirect(github, "artifact", artifact.id)


def _answer_run(github: GitHubServer, question: Question) -> Answer:
    run = github.runs.get(int(question.parts["run"]))
    return Answer(value=github.describe_run(run)) if run else MISSING


def _answer_runs(github: GitHubServer, question: Question) -> Answer:
    query = question.query
    rows = [
        github.describe_run(run)
        for run in sorted(github.runs.values(), key=lambda run: -run.id)
        if query.get("event") in {None, run.event}
        and query.get("branch") in {None, run.head_branch}
        and query.get("head_sha") in {None, run.head_sha}
        and query.get("status") in {None, run.status, run.conclusion}
    ]
    return _paginate(github, question, "workflow_runs", rows)


def _answer_compare(github: GitHubServer, question: Question) -> Answer:
    difference = github.compare(unquote(question.parts["base"]), unquote(question.parts["head"]))
    return Answer(value=difference) if difference else MISSING


def _answer_releases(github: GitHubServer, question: Question) -> Answer:
    tag = question.parts.get("tag")
    # A token that may only read sees no drafts.
    rows = [
        github.describe_release(release)
        for release in reversed(github.releases)
        if not release.is_draft and tag in {None, release.tag}
    ]
    if tag is None:
        return _paginate(github, question, "", rows)
    return Answer(value=rows[0]) if rows else MISSING


def _answer_asset(github: GitHubServer, question: Question) -> Answer:
    for release in github.releases:
        for row in github.describe_release(release)["assets"]:
            if row["id"] == question.number:
                if question.accept == "application/octet-stream":
                    return _redirect(github, "asset", question.number)
                return Answer(value=row)
    return MISSING


_ROUTES: Final[tuple[tuple[str, str, Callable[[GitHubServer, Question], Answer]], ...]] = (
    (r"", "contents", _answer_repository),
    (r"/actions/artifacts", "actions", _answer_artifacts),
    (r"/actions/artifacts/(?P<id>\d+)/zip", "actions", _answer_zip),
    (r"/actions/runs", "actions", _answer_runs),
    (r"/actions/runs/(?P<run>\d+)", "actions", _answer_run),
    (r"/actions/runs/(?P<run>\d+)/artifacts", "actions", _answer_artifacts),
    (r"/compare/(?P<base>.+)\.\.\.(?P<head>.+)", "contents", _answer_compare),
    (r"/releases", "contents", _answer_releases),
    (r"/releases/tags/(?P<tag>.+)", "contents", _answer_releases),
    (r"/releases/assets/(?P<id>\d+)", "contents", _answer_asset),
)
