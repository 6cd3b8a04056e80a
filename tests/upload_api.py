"""
Small servers that answer uploads as Artifactory, Nexus, GitLab and Gitea do, by their documents.

They were not compared with real ones. Each takes the form of the legacy upload API, shows pages in
HTML, and has the quirks that a test gives it.
"""

import dataclasses
import email
import email.policy
import hashlib
import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from .servers import run_server

Form = dict[str, list[bytes]]

# What the server says when a file of that name is there already, whatever its bytes.
DUPLICATE: Final = {
    "artifactory": (403, b'{"errors": [{"status": 403, "message": "Not enough permissions"}]}'),
    "nexus": (400, b"Repository does not allow updating assets: wheels"),
    "gitlab": (400, b'{"message": "Validation failed: File name has already been taken"}'),
    "gitea": (409, b"package file already exists"),
}
PREFIX: Final = {
    "artifactory": "/artifactory/api/pypi/wheels",
    "nexus": "/repository/wheels",
    "gitlab": "/api/v4/projects/7/packages/pypi",
    "gitea": "/api/packages/company/pypi",
}


@dataclasses.dataclass
class UploadApi:
    """One server, with the files that it has taken."""

    family: str
    url: str = ""
    bytes_by_filename: dict[str, bytes] = dataclasses.field(default_factory=dict)
    python_by_filename: dict[str, str] = dataclasses.field(default_factory=dict)
    forms: list[Form] = dataclasses.field(default_factory=list)
    shows_digests: bool = True
    shows_python: bool = True
    hidden_reads: int = 0
    """How many reads of a page come before it shows a new file."""
    judge: Callable[[Form], tuple[int, bytes] | None] = lambda _: None
    """What the server refuses."""
    swallows: bool = False
    """It answers 200 to everything and keeps nothing, as a front page does."""

    def take(self, form: Form, filename: str) -> tuple[int, bytes]:
        self.forms.append(form)
        if self.swallows:
            return 200, b"<html>Welcome</html>"
        if refusal := self.judge(form):
            return refusal
        if filename in self.bytes_by_filename:
            return DUPLICATE[self.family]
        self.bytes_by_filename[filename] = form["content"][0]
        self.python_by_filename[filename] = form.get("requires_python", [b""])[0].decode()
        return 200, b""

    def render_page(self, project: str) -> bytes | None:
        if self.hidden_reads:
            self.hidden_reads -= 1
            return None
        names = [
            name
            for name in sorted(self.bytes_by_filename)
            if name.partition("-")[0].lower().replace("_", "-").replace(".", "-") == project
        ]
        links = []
        for name in names:
            sha256 = hashlib.sha256(self.bytes_by_filename[name]).hexdigest()
            digest = f"#sha256={sha256}" if self.shows_digests else ""
            python = html.escape(self.python_by_filename[name])
            attribute = f' data-requires-python="{python}"' if python and self.shows_python else ""
            links.append(
                f'<a href="/files/{name.replace("+", "%2B")}{digest}"{attribute}>{name}</a>'
            )
        return "\n".join(links).encode() if links else None


@contextmanager
def run_upload_api(api: UploadApi) -> Iterator[UploadApi]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            message = email.message_from_bytes(head + data, policy=email.policy.HTTP)
            form: Form = {}
            filename = ""
            for part in message.iter_parts():
                name = str(part.get_param("name", header="content-disposition"))
                filename = part.get_filename() or filename
                payload = part.get_payload(decode=True)
                assert isinstance(payload, bytes)
                form.setdefault(name, []).append(payload)
            self._answer(*api.take(form, filename))

        def do_GET(self) -> None:
            if self.path.startswith("/files/"):
                name = self.path.removeprefix("/files/").replace("%2B", "+")
                self._answer(200, api.bytes_by_filename[name])
            else:
                page = api.render_page(self.path.rstrip("/").rpartition("/")[2])
                self._answer(404 if page is None else 200, page or b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}{PREFIX[api.family]}"
    with run_server(server):
        yield api
