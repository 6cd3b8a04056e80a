"""The HTTP client of destinations, against servers that answer by script."""

import base64
import dataclasses
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from matrix.destinations import forms
from matrix.destinations.access import Access, Login
from matrix.destinations.http_server import Answer, Server, refuse
from matrix.destinations.simple_page import fetch_page
from matrix.errors import IndexUnavailable, MatrixError, NotWritten, UsageError

from .servers import run_server

Reply = tuple[int, dict[str, str], bytes]
RESET: Reply = (0, {}, b"")


@dataclasses.dataclass
class Script:
    """A server that gives its replies in turn, the last one again and again."""

    url: str = ""
    replies: list[Reply] = dataclasses.field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], int]] = dataclasses.field(default_factory=list)


@contextmanager
def run_script(*replies: Reply, reads: int | None = None) -> Iterator[Script]:
    script = Script(replies=list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            size = len(self.rfile.read(length if reads is None else min(reads, length)))
            named = {name.lower(): value for name, value in self.headers.items()}
            script.requests.append((self.command, self.path, named, size))
            status, headers, body = script.replies[0]
            if len(script.replies) > 1:
                script.replies.pop(0)
            if status == 0:
                self.connection.close()
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}"
    with run_server(server):
        yield script


def open_server(url: str, waits: list[float] | None = None) -> Server:
    environment = {"WHEELYARD_USER": "ada", "WHEELYARD_PASSWORD": "s3cret"}
    sleep: Callable[[float], None] = (waits if waits is not None else []).append
    return Server(url, Access(environment=environment, sleep=sleep))


def post(server: Server, size: int = 10, name: str = "app-1.0-py3-none-any.whl") -> Answer:
    body = forms.Body(name, "text/plain", b"x" * size)
    return server.request("POST", f"{server.url}/legacy/", body=body, headers={})


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_asks_for_patience_gets_the_same_request_again(status: int) -> None:
    waits: list[float] = []
    with run_script((status, {"Retry-After": "7"}, b""), (200, {}, b"ok")) as script:
        answer = post(open_server(script.url, waits))

    assert (answer.status, answer.content) == (200, b"ok")
    assert waits == [7]
    assert [request[3] for request in script.requests] == [10, 10]


def test_patience_has_an_end_and_no_retry_after_means_longer_each_time() -> None:
    waits: list[float] = []
    with run_script((429, {}, b"slow down")) as script:
        answer = post(open_server(script.url, waits))

    assert waits == [2, 4, 8]
    assert str(refuse(answer, "app-1.0-py3-none-any.whl not uploaded")) == (
        f"{script.url}/legacy/: app-1.0-py3-none-any.whl not uploaded: "
        "429 Too Many Requests: slow down\n"
        "  hint: wait, then run the command again: it goes on where it ended"
    )


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, b"", "401 Unauthorized"),
        (403, b'{"message": "no permission to submit"}', "403 Forbidden: no permission to submit"),
        (409, b"exists\x1b[2J", "409 Conflict: exists\\x1b[2J"),
        (413, b"<html><h1>413</h1>nginx</html>", "413 Request Entity Too Large"),
        (500, b"", "500 Internal Server Error"),
    ],
)
def test_a_refusal_is_shown_with_the_servers_own_words(status: int, body: bytes, text: str) -> None:
    with run_script((status, {}, body)) as script:
        answer = post(open_server(script.url))

    assert len(script.requests) == 1
    assert str(refuse(answer, "X not uploaded")).splitlines()[0] == (
        f"{script.url}/legacy/: X not uploaded: {text}"
    )


def test_a_read_that_fails_once_is_tried_again() -> None:
    """Import report I13: a replica fails on the first read of a file."""
    with run_script((500, {}, b""), (200, {}, b"wheel")) as script:
        assert open_server(script.url).get(f"{script.url}/f").content == b"wheel"


def test_a_reset_of_a_small_request_is_tried_again_and_then_named() -> None:
    with run_script(RESET, (200, {}, b"ok")) as script:
        assert post(open_server(script.url)).content == b"ok"
    with run_script(RESET) as script, pytest.raises(IndexUnavailable, match="no answer: "):
        post(open_server(script.url))


def test_a_reset_in_a_large_body_is_a_probable_limit_and_not_sent_again() -> None:
    """Import report I14: too big for something in between."""
    with run_script(RESET, reads=100_000) as script, pytest.raises(NotWritten) as caught:
        post(open_server(script.url), size=60_000_000)

    assert len(script.requests) == 1
    assert "connection ended while app-1.0-py3-none-any.whl (60.0 MB) was sent: " in str(
        caught.value
    )
    assert str(caught.value).endswith(
        "hint: the server or a proxy before it probably limits the size of a body"
    )


def test_credentials_go_to_the_named_server_alone() -> None:
    with run_script((200, {}, b"there")) as other:
        reply = (302, {"Location": f"{other.url}/signed"}, b"")
        with run_script(reply) as script:
            answer = open_server(script.url).get(f"{script.url}/file")

    assert answer.content == b"there"
    pair = base64.b64encode(b"ada:s3cret").decode()
    assert script.requests[0][2]["authorization"] == f"Basic {pair}"
    assert "authorization" not in other.requests[0][2]


def test_an_upload_that_is_redirected_is_refused_with_the_address() -> None:
    with run_script((301, {"Location": "/legacy"}, b"")) as script:
        answer = post(open_server(script.url))

    assert len(script.requests) == 1
    assert "301 Moved Permanently: http://127.0.0.1/legacy is the address to name" in str(
        refuse(answer, "X not uploaded")
    )


def test_redirects_without_end_are_named() -> None:
    with (
        run_script((302, {"Location": "/again"}, b"")) as script,
        pytest.raises(IndexUnavailable, match="expected an answer after 5 redirects"),
    ):
        open_server(script.url).get(script.url)


def test_a_certificate_of_an_unknown_authority_is_refused_and_a_known_one_accepted(
    tmp_path: Path,
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *files, *names],  # noqa: S607
        check=True,
        capture_output=True,
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = f"https://localhost:{server.server_port}"
    with run_server(server):
        with pytest.raises(IndexUnavailable) as caught:
            Server(url, Access()).get(url)
        trusted = Access(environment={"SSL_CERT_FILE": str(certificate)})
        status = Server(url, trusted).get(url).status

    assert "certificate not accepted: " in str(caught.value)
    assert "hint: SSL_CERT_FILE=FILE names the authorities of your network" in str(caught.value)
    assert status == 200


def test_a_login_comes_from_a_file_the_environment_or_netrc(tmp_path: Path) -> None:
    file, netrc = tmp_path / "login", tmp_path / "netrc"
    file.write_text("of-file:a:b\n")
    netrc.write_text("machine wheels.example login of-netrc password c\n")
    environment = {"WHEELYARD_USER": "of-environment", "WHEELYARD_PASSWORD": "d"}
    own = {"NETRC": str(netrc)}
    url = "https://wheels.example/x"

    assert Access(environment, file).find_login(url) == Login("of-file", "a:b")
    assert Access({**environment, **own}).find_login(url) == Login("of-environment", "d")
    assert Access(own).find_login(url) == Login("of-netrc", "c")
    assert Access(own).find_login("https://other.example/x") is None
    assert "a:b" not in repr(Access(environment, file).find_login(url))


@pytest.mark.parametrize("text", ["", "user", "user:pass\nmore"])
def test_a_file_that_holds_no_login_is_refused_without_its_text(tmp_path: Path, text: str) -> None:
    file = tmp_path / "login"
    file.write_text(text)

    with pytest.raises(UsageError) as caught:
        Access(login_file=file).find_login("https://wheels.example")

    assert str(caught.value) == f"{file}: expected one line, USER:PASSWORD"


def test_a_netrc_that_cannot_be_read_is_named_without_its_text(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine x login y passwort s3cret\n")

    with pytest.raises(MatrixError) as caught:
        Access({"NETRC": str(netrc)}).find_login("https://x")

    assert str(caught.value) == f"{netrc}: expected a netrc file, got something else"


PAGE = b"""<a href="../../f/acme_local-1.0%%2Bcu118-py3-none-any.whl#sha256=%s"
 data-requires-python="&gt;=3.8">x</a><a>no link</a>""" % (b"A" * 64)


def test_a_page_of_html_is_read_with_decoded_names() -> None:
    """Import report I6: a plus sign in an address."""
    with run_script((200, {"Content-Type": "text/html"}, PAGE)) as script:
        (file,) = fetch_page(open_server(script.url), f"{script.url}/simple/acme-local/")

    assert file.filename == "acme_local-1.0+cu118-py3-none-any.whl"
    assert (file.sha256, file.requires_python) == ("a" * 64, ">=3.8")
    assert file.url == f"{script.url}/f/acme_local-1.0%2Bcu118-py3-none-any.whl"


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"files": [1]}', b"oops", b"[" * 100_000])
def test_a_page_that_is_none_is_refused(body: bytes) -> None:
    kind = "application/vnd.pypi.simple.v1+json"
    with (
        run_script((200, {"Content-Type": kind}, body)) as script,
        pytest.raises(IndexUnavailable),
    ):
        fetch_page(open_server(script.url), f"{script.url}/simple/x/")


def test_no_project_has_no_files() -> None:
    with run_script((404, {}, b"")) as script:
        assert fetch_page(open_server(script.url), f"{script.url}/simple/x/") == ()
