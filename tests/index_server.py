"""
A package index on loopback: real HTTP, real distributions, and every fault that an index can have.

It serves what lies in its directory; a test changes ``faults`` or ``files`` to make it misbehave.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from matrix.distributions import wheel
from matrix.distributions.sdist import read_metadata

from .servers import run_server


@dataclasses.dataclass(kw_only=True)
class Listed:
    """How one file is listed; every field can be made to lie."""

    path: Path
    project: str
    sha256: str
    requires_python: str = ""
    yanked: bool = False
    uploaded: str = ""
    """Upload time as PEP 700 has it; empty: the index does not tell."""


@dataclasses.dataclass(kw_only=True)
class IndexServer:
    """A running index."""

    directory: Path
    url: str = ""
    has_metadata: bool = False
    has_ranges: bool = True
    is_html: bool = False
    etag: str = ""
    busy: int = 0
    """How many requests are answered with 503 before the index works."""
    retry_after: str = "1"
    """What those answers name as Retry-After."""
    moved: dict[str, str] = dataclasses.field(default_factory=dict)
    """Paths that are answered with a redirection, and where to."""
    raw_pages: dict[str, bytes] = dataclasses.field(default_factory=dict)
    listed: dict[str, Listed] = dataclasses.field(default_factory=dict)
    requests: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    @contextmanager
    def running(cls, directory: Path) -> Iterator["IndexServer"]:
        directory.mkdir(parents=True, exist_ok=True)
        server = cls(directory=directory)
        http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
        server.url = f"http://127.0.0.1:{http.server_address[1]}/simple/"
        with run_server(http):
            yield server

    def add(
        self, path: Path, *, requires_python: str = "", yanked: bool = False, uploaded: str = ""
    ) -> Path:
        """List a distribution that a test has made."""
        is_wheel = path.suffix == ".whl"
        metadata = wheel.read(path).metadata if is_wheel else read_metadata(path).metadata
        self.listed[path.name] = Listed(
            path=path,
            project=metadata.project,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            requires_python=requires_python or str(metadata.requires_python),
            yanked=yanked,
            uploaded=uploaded,
        )
        return path

    def page(self, project: str) -> bytes:
        """The project's page, as JSON or HTML."""
        if project in self.raw_pages:
            return self.raw_pages[project]
        files = [file for file in self.listed.values() if file.project == project]
        if not files:
            return b""
        if self.is_html:
            return "\n".join(self._link(file) for file in files).encode()
        page = {"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": []}
        return json.dumps({**page, "files": [self._entry(file) for file in files]}).encode()

    def _entry(self, file: Listed) -> dict[str, Any]:
        return {
            "filename": file.path.name,
            "url": f"../../files/{file.path.name}",
            "hashes": {"sha256": file.sha256},
            "requires-python": file.requires_python or None,
            "size": file.path.stat().st_size,
            "yanked": file.yanked,
            "core-metadata": self.has_metadata,
            **({"upload-time": file.uploaded} if file.uploaded else {}),
        }

    def _link(self, file: Listed) -> str:
        python = file.requires_python.replace("<", "&lt;").replace(">", "&gt;")
        attribute = f' data-requires-python="{python}"' if python else ""
        address = f"../../files/{file.path.name}#sha256={file.sha256}"
        return f'<a href="{address}"{attribute}>{file.path.name}</a>'


def _handler(server: IndexServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.requests.append(self.path)
            if server.busy > 0:
                server.busy -= 1
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"", {"Retry-After": server.retry_after})
            elif self.path in server.moved:
                self._send(HTTPStatus.FOUND, b"", {"Location": server.moved[self.path]})
            elif self.path.startswith("/simple/"):
                self._send_page(canonicalize_name(self.path.split("/")[2]))
            else:
                self._send_file(self.path.rpartition("/")[2])

        def _send_page(self, project: str) -> None:
            body = server.page(project)
            kind = "text/html" if server.is_html else "application/vnd.pypi.simple.v1+json"
            headers = {"Content-Type": kind, **({"ETag": server.etag} if server.etag else {})}
            if not body:
                self._send(HTTPStatus.NOT_FOUND, b"no such project", {})
            elif server.etag and self.headers.get("If-None-Match") == server.etag:
                self._send(HTTPStatus.NOT_MODIFIED, b"", headers)
            else:
                self._send(HTTPStatus.OK, body, headers)

        def _send_file(self, name: str) -> None:
            listed = server.listed.get(name.removesuffix(".metadata"))
            if listed is None:
                self._send(HTTPStatus.NOT_FOUND, b"", {})
            elif name.endswith(".metadata"):
                self._send(HTTPStatus.OK, wheel.read(listed.path).metadata_bytes, {})
            else:
                self._send_range(listed.path.read_bytes())

        def _send_range(self, body: bytes) -> None:
            asked = self.headers.get("Range", "")
            if not asked or not server.has_ranges:
                self._send(HTTPStatus.OK, body, {})
                return
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start = int(first) if first else max(0, len(body) - int(last))
            end = min(int(last) if first and last else len(body) - 1, len(body) - 1)
            span = f"bytes {start}-{end}/{len(body)}"
            part = body[start : end + 1]
            self._send(HTTPStatus.PARTIAL_CONTENT, part, {"Content-Range": span})

        def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing: pytest's output is for failures."""

    return Handler
