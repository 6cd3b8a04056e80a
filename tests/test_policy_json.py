"""Vulnerabilities from an index's JSON API, over HTTP, while a lock is made."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .servers import run_server
from .test_policy_lock import Repository, here, said

__all__ = ["here", "said"]

ANSWERS = {
    "/json/lib/2.0/json": {"vulnerabilities": [{"id": "PYSEC-1", "fixed_in": ["2.1"]}]},
    "/json/lib/1.0/json": {"vulnerabilities": []},
    "/json/lib/3.0/json": {"info": {}},
}


@pytest.fixture
def api() -> Iterator[str]:
    """The address of a server that knows ``lib`` and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(ANSWERS.get(self.path)).encode()
            self.send_response(200 if self.path in ANSWERS else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with run_server(server):
        yield f"http://127.0.0.1:{server.server_address[1]}/json"


def test_the_index_is_asked_about_what_would_be_taken(here: Repository, api: str) -> None:
    here.publish("lib", "2.0")
    here.wants(f"{{advisories: '{api}', vulnerabilities: fail}}")

    assert here.run("lock") == 0
    assert here.locked == {"app 1.0", "lib 1.0"}
    assert here.run("lock", "--check") == 0


def test_an_index_that_tells_nothing_stops_the_lock(
    here: Repository, api: str, said: pytest.CaptureFixture[str]
) -> None:
    here.publish("lib", "3.0")
    here.wants(f"{{advisories: '{api}'}}")

    assert here.run("lock", "--quiet") == 6
    assert said.readouterr().err == (
        f"{api}/lib/3.0/json: expected JSON with a list of vulnerabilities, got something else\n"
    )


def test_an_address_cannot_be_asked_offline(
    here: Repository, api: str, said: pytest.CaptureFixture[str]
) -> None:
    here.wants(f"{{advisories: '{api}'}}")

    assert here.run("lock", "--offline", "--quiet") == 2
    assert said.readouterr().err == (
        "lock: expected a file in policy.advisories with --offline, got an address\n"
        "  hint: add `policy: {advisories: osv.zip}` to packages.yaml\n"
    )
