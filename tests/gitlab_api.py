"""
A small GitLab on loopback: what its API answers about packages, releases, notes and commits.

It is faithful where a client can go wrong. A job token ends with its job, has the role of the
person who started the pipeline, and reads notes without writing any. A file of a package may be
there twice, and the newest is what a download gives; each file says which pipelines uploaded it. A
release exists once (409), and so does each of its links. Protected variables reach the jobs of
protected refs only, those of an environment only the jobs that name it. ``failures`` scripts what
cannot be provoked.

Sources, read in a stored copy of GitLab: lib/api/generic_packages.rb, lib/api/entities
(package_file, package/pipeline), app/services/releases/create_service.rb, doc/api/packages.md,
doc/api/releases, doc/ci/jobs/ci_job_token.md.
"""

import dataclasses
import fnmatch
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from .servers import run_server

PATH: Final = "/api/v4"
PROJECT: Final = 7
PROJECT_PATH: Final = "group/wheels"
FORK: Final = 8
TOKEN: Final = "glpat-" + "person" * 3
"""A project access token with the scope ``api`` and the role Maintainer."""
GUEST, DEVELOPER, MAINTAINER = 10, 30, 40
_PER_PAGE: Final = 20
_MOST_PER_PAGE: Final = 100
# lib/gitlab/regex/packages.rb: names and versions of generic packages and their files.
_NAME: Final = re.compile(r"[A-Za-z0-9._~@+-]{1,255}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A pipeline as the API shows it beside a file that one of its jobs uploaded."""

    id: int
    ref: str
    sha: str
    source: str
    tag: bool = False
    request: int = 0
    """The number of the merge request, which has a ref of its own."""
    parent: int = 0
    project: int = PROJECT


@dataclasses.dataclass(kw_only=True)
class Job:
    """A job, known by its token while it runs."""

    id: int
    token: str
    pipeline: Pipeline
    role: int
    is_running: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackageFile:
    """A file of a package; several may have one name."""

    id: int
    name: str
    content: bytes
    pipelines: tuple[Pipeline, ...]


@dataclasses.dataclass(kw_only=True)
class Package:
    """A generic package: one version of a name."""

    id: int
    name: str
    version: str
    created: int
    files: list[PackageFile] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(kw_only=True)
class Release:
    """A release of a tag, and its links."""

    tag: str
    name: str
    description: str
    released: int
    links: list[dict[str, Any]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable of the project's settings."""

    value: str
    is_protected: bool = True
    environment: str = "*"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """What answers a request in place of the right answer; status 0 resets the connection."""

    status: int
    message: str = "scripted"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """A response: JSON, or the bytes of a file."""

    status: int
    content: object
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(kw_only=True)
class GitLabServer:
    """The state of the instance; tests change it between requests."""

    url: str = ""
    default_branch: str = "main"
    protected: set[str] = dataclasses.field(default_factory=lambda: {"main", "bundle-*"})
    """Patterns of protected branches and tags."""
    variables: dict[str, Variable] = dataclasses.field(default_factory=dict)
    history: list[str] = dataclasses.field(default_factory=list)
    """Commits of the default branch, the oldest first."""
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    jobs: list[Job] = dataclasses.field(default_factory=list)
    packages: list[Package] = dataclasses.field(default_factory=list)
    releases: list[Release] = dataclasses.field(default_factory=list)
    notes: dict[int, list[dict[str, Any]]] = dataclasses.field(default_factory=dict)
    are_duplicates_allowed: bool = True
    largest_file: int = 5 << 30
    failures: list[tuple[str, Failure]] = dataclasses.field(default_factory=list)
    """Patterns over ``METHOD PATH`` with what answers the next request that fits, once each."""
    requests: list[Request] = dataclasses.field(default_factory=list)
    numbers: Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(101))

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["GitLabServer"]:
        gitlab = cls()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(gitlab))
        gitlab.url = f"http://127.0.0.1:{server.server_address[1]}"
        with run_server(server):
            yield gitlab

    @property
    def api(self) -> str:
        """What ``CI_API_V4_URL`` says."""
        return f"{self.url}{PATH}"

    def start_pipeline(self, ref: str = "main", *, sha: str = "c" * 40, **facts: Any) -> Pipeline:  # noqa: ANN401 - the fields of a pipeline
        """A pipeline of ``ref``, by a push unless ``facts`` say otherwise."""
        source = "merge_request_event" if facts.get("request") else "push"
        return Pipeline(id=next(self.numbers), ref=ref, sha=sha, **{"source": source, **facts})

    def start_job(
        self, pipeline: Pipeline, *, environment: str = "", role: int = DEVELOPER
    ) -> dict[str, str]:
        """The variables of a new job of ``pipeline``, as CI gives them to it."""
        number = next(self.numbers)
        job = Job(id=number, token=f"glcbt-{number}-secret", pipeline=pipeline, role=role)
        self.jobs.append(job)
        variables = {
            "GITLAB_CI": "true",
            "CI": "true",
            "CI_API_V4_URL": self.api,
            "CI_SERVER_URL": self.url,
            "CI_PROJECT_ID": str(pipeline.project),
            "CI_PROJECT_PATH": PROJECT_PATH,
            "CI_PROJECT_URL": f"{self.url}/{PROJECT_PATH}",
            "CI_DEFAULT_BRANCH": self.default_branch,
            "CI_PIPELINE_ID": str(pipeline.id),
            "CI_PIPELINE_IID": str(pipeline.id - 100),
            "CI_PIPELINE_URL": f"{self.url}/{PROJECT_PATH}/-/pipelines/{pipeline.id}",
            "CI_PIPELINE_SOURCE": "parent_pipeline" if pipeline.parent else pipeline.source,
            "CI_COMMIT_SHA": pipeline.sha,
            "CI_COMMIT_REF_NAME": pipeline.ref,
            "CI_COMMIT_REF_PROTECTED": str(self.is_protected(pipeline)).lower(),
            "CI_JOB_ID": str(job.id),
            "CI_JOB_TOKEN": job.token,
            **self._name_ref(pipeline),
        }
        for name, variable in self.variables.items():
            if variable.is_protected and not self.is_protected(pipeline):
                continue
            if fnmatch.fnmatchcase(environment, variable.environment):
                variables[name] = variable.value
        return variables

    def finish_job(self, variables: Mapping[str, str]) -> None:
        """The job's token is worth nothing any more."""
        job = next(job for job in self.jobs if job.token == variables["CI_JOB_TOKEN"])
        job.is_running = False

    def is_protected(self, pipeline: Pipeline) -> bool:
        """Whether protected variables reach it: never a merge request, never a fork."""
        if pipeline.request or pipeline.project != PROJECT:
            return False
        return any(fnmatch.fnmatchcase(pipeline.ref, pattern) for pattern in self.protected)

    def upload(
        self, name: str, version: str, file_name: str, content: bytes, *pipelines: Pipeline
    ) -> PackageFile:
        """A file of a package, whoever it is from; without pipelines it is a person's upload."""
        package = next((p for p in self.packages if (p.name, p.version) == (name, version)), None)
        if package is None:
            number = next(self.numbers)
            package = Package(id=number, name=name, version=version, created=number)
            self.packages.append(package)
        file = PackageFile(
            id=next(self.numbers), name=file_name, content=content, pipelines=pipelines
        )
        package.files.append(file)
        return file

    def asked(self, pattern: str) -> list[Request]:
        """The requests whose ``METHOD PATH`` fits a regular expression."""
        return [r for r in self.requests if re.search(pattern, f"{r.method} {r.path}")]

    def _name_ref(self, pipeline: Pipeline) -> dict[str, str]:
        if pipeline.request:
            return {
                "CI_MERGE_REQUEST_IID": str(pipeline.request),
                "CI_MERGE_REQUEST_PROJECT_ID": str(PROJECT),
                "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": str(pipeline.project),
            }
        return {"CI_COMMIT_TAG" if pipeline.tag else "CI_COMMIT_BRANCH": pipeline.ref}


@dataclasses.dataclass(kw_only=True)
class _Call:
    """One request to the project, with who asks."""

    gitlab: GitLabServer
    method: str
    path: str
    query: Mapping[str, str]
    fields: Mapping[str, Any]
    body: bytes
    job: Job | None
    role: int

    def answer(self) -> Answer:
        for methods, pattern, function in _ROUTES:
            match = re.fullmatch(pattern, self.path)
            if match and self.method in methods:
                return function(self, *match.groups())
        return Answer(status=404, content={"error": "404 Not Found"})

    def page(self, rows: Sequence[object]) -> Answer:
        size = min(int(self.query.get("per_page", _PER_PAGE)), _MOST_PER_PAGE)
        number = int(self.query.get("page", 1))
        shown = rows[(number - 1) * size : number * size]
        following = str(number + 1) if number * size < len(rows) else ""
        headers = {"X-Total": str(len(rows)), "X-Next-Page": following, "X-Page": str(number)}
        return Answer(status=200, content=list(shown), headers=headers)

    def describe_pipeline(self, pipeline: Pipeline) -> dict[str, Any]:
        ref = f"refs/merge-requests/{pipeline.request}/head" if pipeline.request else pipeline.ref
        return {
            "id": pipeline.id,
            "iid": pipeline.id - 100,
            "project_id": pipeline.project,
            "sha": pipeline.sha,
            "ref": ref,
            "status": "running",
            "source": "parent_pipeline" if pipeline.parent else pipeline.source,
            "web_url": f"{self.gitlab.url}/{PROJECT_PATH}/-/pipelines/{pipeline.id}",
            "user": {"id": 1, "username": "dev"},
        }

    def describe_file(self, package: Package, file: PackageFile) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "id": file.id,
            "package_id": package.id,
            "created_at": _render_time(file.id),
            "file_name": file.name,
            "size": len(file.content),
            "file_md5": None,
            "file_sha1": None,
            "file_sha256": hashlib.sha256(file.content).hexdigest(),
        }
        if file.pipelines:
            fields["pipelines"] = [self.describe_pipeline(each) for each in file.pipelines]
        return fields

    def list_packages(self) -> Answer:
        wanted = self.query.get("package_name", "")
        found = [
            package
            for package in self.gitlab.packages
            if wanted.lower() in package.name.lower()  # a fuzzy search, not a name
            and self.query.get("package_version", package.version) == package.version
            and self.query.get("package_type", "generic") == "generic"
        ]
        found.sort(key=lambda package: package.created, reverse=self.query.get("sort") == "desc")
        return self.page([_describe_package(package) for package in found])

    def find_package(self, number: str) -> Package | None:
        return next((p for p in self.gitlab.packages if p.id == int(number)), None)

    def list_files(self, number: str) -> Answer:
        package = self.find_package(number)
        if package is None:
            return Answer(status=404, content={"message": "404 Package Not Found"})
        return self.page([self.describe_file(package, file) for file in package.files])

    def delete_package(self, number: str) -> Answer:
        if self.role < MAINTAINER:
            return Answer(status=403, content={"message": "403 Forbidden"})
        package = self.find_package(number)
        if package is None:
            return Answer(status=404, content={"message": "404 Package Not Found"})
        self.gitlab.packages.remove(package)
        return Answer(status=204, content=b"")

    def put_file(self, name: str, version: str, file_name: str) -> Answer:
        if self.role < DEVELOPER:
            return Answer(status=403, content={"message": "403 Forbidden"})
        for part, text in (("name", name), ("version", version), ("file_name", file_name)):
            if not _NAME.fullmatch(text) or ".." in text:
                return Answer(status=400, content={"error": f"package_{part} is invalid"})
        if len(self.body) > self.gitlab.largest_file:
            message = "400 Bad request - File is too large"
            return Answer(status=400, content={"message": message})
        taken = {(p.name, p.version, file.name) for p in self.gitlab.packages for file in p.files}
        if not self.gitlab.are_duplicates_allowed and (name, version, file_name) in taken:
            message = "400 Bad request - Duplicate package is not allowed"
            return Answer(status=400, content={"message": message})
        pipelines = (self.job.pipeline,) if self.job else ()
        self.gitlab.upload(name, version, file_name, self.body, *pipelines)
        return Answer(status=201, content={"message": "201 Created"})

    def get_file(self, name: str, version: str, file_name: str) -> Answer:
        files = [
            file
            for package in self.gitlab.packages
            if (package.name, package.version) == (name, version)
            for file in package.files
            if file.name == file_name
        ]
        if not files:
            return Answer(status=404, content={"message": "404 Not Found"})
        newest = max(files, key=lambda file: file.id)
        digest = hashlib.sha256(newest.content).hexdigest()
        headers = {"X-Checksum-SHA256": digest}
        return Answer(status=200, content=newest.content, headers=headers)

    def get_commit(self, sha: str) -> Answer:
        if sha not in self.gitlab.history:
            return Answer(status=404, content={"message": "404 Commit Not Found"})
        return Answer(status=200, content={"id": sha, "committed_date": "2026-11-27T10:00:00.000Z"})

    def list_branches(self) -> Answer:
        newest = self.gitlab.history[-1] if self.gitlab.history else "c" * 40
        branch = {
            "name": self.gitlab.default_branch,
            "default": True,
            "protected": self.gitlab.default_branch in self.gitlab.protected,
            "commit": {"id": newest},
        }
        return self.page([branch])

    def find_release(self, tag: str) -> Release | None:
        return next((each for each in self.gitlab.releases if each.tag == tag), None)

    def list_releases(self) -> Answer:
        newest = sorted(self.gitlab.releases, key=lambda each: each.released, reverse=True)
        return self.page([_describe_release(each) for each in newest])

    def create_release(self) -> Answer:
        tag = str(self.fields.get("tag_name", ""))
        if self.role < DEVELOPER:
            return Answer(status=403, content={"message": "403 Forbidden"})
        if self.find_release(tag):
            return Answer(status=409, content={"message": "Release already exists"})
        if tag not in self.gitlab.tags and not self.fields.get("ref"):
            return Answer(status=422, content={"message": "Ref is not specified"})
        release = Release(
            tag=tag,
            name=str(self.fields.get("name", tag)),
            description=str(self.fields.get("description", "")),
            released=next(self.gitlab.numbers),
        )
        assets = self.fields.get("assets", {})
        for link in assets.get("links", []):
            self._add_link(release, link)
        self.gitlab.releases.append(release)
        return Answer(status=201, content=_describe_release(release))

    def get_release(self, tag: str) -> Answer:
        release = self.find_release(tag)
        if release is None:
            return Answer(status=404, content={"message": "404 Not Found"})
        if self.method == "PUT":
            release.name = str(self.fields.get("name", release.name))
            release.description = str(self.fields.get("description", release.description))
        return Answer(status=200, content=_describe_release(release))

    def list_links(self, tag: str) -> Answer:
        release = self.find_release(tag)
        if release is None:
            return Answer(status=404, content={"message": "404 Not Found"})
        if self.method == "GET":
            return self.page(release.links)
        if any(link["name"] == self.fields.get("name") for link in release.links):
            message = {"name": ["has already been taken"]}
            return Answer(status=400, content={"message": message})
        return Answer(status=201, content=self._add_link(release, self.fields))

    def list_notes(self, request: str) -> Answer:
        notes = self.gitlab.notes.setdefault(int(request), [])
        if self.method == "GET":
            return self.page(notes)
        note = {"id": next(self.gitlab.numbers), "body": str(self.fields["body"]), "system": False}
        notes.append(note)
        return Answer(status=201, content=note)

    def edit_note(self, request: str, number: str) -> Answer:
        for note in self.gitlab.notes.get(int(request), []):
            if note["id"] == int(number):
                note["body"] = str(self.fields["body"])
                return Answer(status=200, content=note)
        return Answer(status=404, content={"message": "404 Note Not Found"})

    def list_tags(self) -> Answer:
        rows = [{"name": name, "commit": {"id": sha}} for name, sha in self.gitlab.tags.items()]
        return self.page(rows)

    def _add_link(self, release: Release, fields: Mapping[str, Any]) -> dict[str, Any]:
        link = {
            "id": next(self.gitlab.numbers),
            "name": fields["name"],
            "url": fields["url"],
            "link_type": fields.get("link_type", "other"),
        }
        release.links.append(link)
        return link


_GENERIC: Final = r"packages/generic/([^/]+)/([^/]+)/([^/]+)"
_LINKS: Final = r"releases/([^/]+)/assets/links"
_NOTES: Final = r"merge_requests/(\d+)/notes"
_ROUTES: Final[Sequence[tuple[str, str, Callable[..., Answer]]]] = (
    ("GET", r"packages", _Call.list_packages),
    ("DELETE", r"packages/(\d+)", _Call.delete_package),
    ("GET", r"packages/(\d+)/package_files", _Call.list_files),
    ("PUT", _GENERIC, _Call.put_file),
    ("GET", _GENERIC, _Call.get_file),
    ("GET", r"repository/commits/([0-9a-f]+)", _Call.get_commit),
    ("GET", r"repository/branches", _Call.list_branches),
    ("GET", r"repository/tags", _Call.list_tags),
    ("GET", r"releases", _Call.list_releases),
    ("POST", r"releases", _Call.create_release),
    ("GET PUT", r"releases/([^/]+)", _Call.get_release),
    ("GET POST", _LINKS, _Call.list_links),
    ("GET POST", _NOTES, _Call.list_notes),
    ("PUT", rf"{_NOTES}/(\d+)", _Call.edit_note),
)
_CLOSED_TO_JOBS: Final = re.compile(rf"(POST|PUT) {_NOTES}(/\d+)?")
"""What a job token cannot do whatever the role: doc/ci/jobs/ci_job_token.md."""


def _describe_package(package: Package) -> dict[str, Any]:
    return {
        "id": package.id,
        "name": package.name,
        "version": package.version,
        "package_type": "generic",
        "status": "default",
        "created_at": _render_time(package.created),
    }


def _describe_release(release: Release) -> dict[str, Any]:
    return {
        "tag_name": release.tag,
        "name": release.name,
        "description": release.description,
        "released_at": _render_time(release.released),
        "assets": {"count": len(release.links), "links": release.links},
    }


def _render_time(number: int) -> str:
    """A time that grows with ``number``."""
    minutes, seconds = divmod(number, 60)
    hours, minutes = divmod(minutes, 60)
    return f"2026-11-27T{hours % 24:02}:{minutes:02}:{seconds:02}.000Z"


def _parse_fields(kind: str, body: bytes) -> Mapping[str, Any]:
    if kind.startswith("application/json"):
        loaded: Mapping[str, Any] = json.loads(body)
        return loaded
    if not kind.startswith("application/x-www-form-urlencoded"):
        return {}
    fields = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
    # Rails makes a list of rows from names with brackets: a name that is there again starts a row.
    rows: list[dict[str, str]] = []
    for name, values in parse_qs(body.decode()).items():
        if match := re.fullmatch(r"assets\[links\]\[\]\[(\w+)\]", name):
            for place, value in enumerate(values):
                rows.extend({} for _ in range(place + 1 - len(rows)))
                rows[place][match[1]] = value
    return {**fields, "assets": {"links": rows}}


def _answer(gitlab: GitLabServer, request: Request) -> Answer:
    """Find out who asks, then what for."""
    split = urlsplit(request.path)
    match = re.fullmatch(rf"{PATH}/projects/([^/]+)/(.+)", split.path)
    if not match or unquote(match[1]) not in {str(PROJECT), PROJECT_PATH}:
        return Answer(status=404, content={"message": "404 Project Not Found"})
    token, job, role = request.headers.get("job-token"), None, 0
    if request.headers.get("private-token") == TOKEN:
        role = MAINTAINER
    elif token:
        job = next((job for job in gitlab.jobs if job.token == token and job.is_running), None)
        if job is None:
            return Answer(status=401, content={"message": "401 Unauthorized"})
        if job.pipeline.project != PROJECT:
            message = "403 Forbidden - Authentication by CI/CD job token not allowed"
            return Answer(status=403, content={"message": message})
        role = job.role
    if not role or (job and _CLOSED_TO_JOBS.fullmatch(f"{request.method} {match[2]}")):
        if request.method == "GET":  # a private project does not exist for strangers
            return Answer(status=404, content={"message": "404 Project Not Found"})
        return Answer(status=401, content={"message": "401 Unauthorized"})
    query = {name: values[-1] for name, values in parse_qs(split.query).items()}
    call = _Call(
        gitlab=gitlab,
        method=request.method,
        path=unquote(match[2]),
        query=query,
        fields=_parse_fields(request.headers.get("content-type", ""), request.body),
        body=request.body,
        job=job,
        role=role,
    )
    return call.answer()


def _make_handler(gitlab: GitLabServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(
                method=self.command, path=self.path.partition("#")[0], headers=headers, body=body
            )
            gitlab.requests.append(request)
            failure = _take_failure(gitlab, f"{self.command} {self.path}")
            if failure and not failure.status:
                self.close_connection = True
                self.connection.close()
                return
            self._send(
                Answer(status=failure.status, content={"message": failure.message})
                if failure
                else _answer(gitlab, request)
            )

        do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - names of http.server

        def _send(self, answer: Answer) -> None:
            content = answer.content
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as inherited
            """Print nothing."""

    return Handler


def _take_failure(gitlab: GitLabServer, line: str) -> Failure | None:
    for place, (pattern, failure) in enumerate(gitlab.failures):
        if re.search(pattern, line):
            del gitlab.failures[place]
            return failure
    return None
