"""
A server on loopback that answers what a test has written down, byte for byte.

``IndexServer`` serves an index that works; this one serves whatever a broken one could send.
"""

import dataclasses
import hashlib
import json
import socketserver
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .servers import run_server

JSON = "application/vnd.pypi.simple.v1+json"


def answer(
    body: bytes = b"",
    *,
    status: str = "200 OK",
    kind: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A response as it goes over the wire; ``headers`` replace those that are made here."""
    made = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"}
    fields = {**made, **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def listed(name: str, body: bytes = b"", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """An entry of a page, complete unless a field says otherwise."""
    sha256 = hashlib.sha256(body).hexdigest()
    return {"filename": name, "url": f"/files/{name}", "hashes": {"sha256": sha256}, **fields}


def page(*files: Mapping[str, Any], name: str = "six", version: str = "1.1") -> bytes:
    return json.dumps({"meta": {"api-version": version}, "name": name, "files": [*files]}).encode()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked."""

    path: str
    headers: Mapping[str, str]


@dataclasses.dataclass(kw_only=True)
class ScriptedServer:
    """Answers by path, each in turn, the last one again and again."""

    url: str = ""
    answers: dict[str, list[bytes]] = dataclasses.field(default_factory=dict)
    requests: list[Request] = dataclasses.field(default_factory=list)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["ScriptedServer"]:
        script = cls()
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(script))
        script.url = f"http://127.0.0.1:{server.server_address[1]}/"
        with run_server(server):
            yield script

    def next(self, path: str) -> bytes:
        answers = self.answers.get(path, [answer(status="404 Not Found")])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]


def _handler(script: ScriptedServer) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            path = self.rfile.readline().split(b" ")[1].decode()
            lines = iter(self.rfile.readline, b"\r\n")
            fields = (line.decode("latin-1").partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in fields}
            script.requests.append(Request(path=path, headers=headers))
            self.wfile.write(script.next(path))

    return Handler
