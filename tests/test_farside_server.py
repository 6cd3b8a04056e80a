"""The server for the first look: pages by what a client accepts, and nothing outside."""

import contextlib
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.errors import MatrixError
from matrix.farside.server import JSON, choose_page, open_server

from .bundles import sound

PIP = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = sound(tmp_path_factory.mktemp("served"))
    (made / ".hidden").write_text("x")
    (made / "out").symlink_to("/etc")
    (made.parent / "secret").write_text("x")
    return made


@contextlib.contextmanager
def serving(top: Path) -> Iterator[tuple[str, list[str]]]:
    lines: list[str] = []
    with open_server(top, port=0, say=lines.append) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", lines
        finally:
            server.shutdown()
            thread.join()


def ask(
    host: str, path: str, accept: str = "", method: str = "GET"
) -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request(method, path, headers={"Accept": accept} if accept else {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.getheader("Content-Type"), body


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("", "index.html"),
        (PIP, "index.json"),
        ("text/html", "index.html"),
        ("text/html, */*;q=0.8", "index.html"),
        ("application/vnd.pypi.simple.latest+json", "index.json"),
        ("application/vnd.pypi.simple.v1+json;q=0, text/html;q=0.2", "index.html"),
        ("application/vnd.pypi.simple.v1+json;q=0", None),
        ("image/png", None),
    ],
)
def test_a_client_gets_the_page_that_it_accepts(accept: str, page: str | None) -> None:
    chosen = choose_page(accept)

    assert (chosen and chosen[0]) == page


def test_pages_and_files_are_served_by_type(bundle: Path) -> None:
    with serving(bundle) as (host, _):
        assert ask(host, "/simple/app/", PIP) == (
            200, JSON, (bundle / "simple" / "app" / "index.json").read_bytes(),
        )  # fmt: skip
        status, kind, body = ask(host, "/simple/app/")
        assert (status, kind) == (200, "text/html; charset=utf-8")
        wheel = "files/app-1.0-py2.py3-none-any.whl"
        assert ask(host, f"/{wheel}") == (
            200, "application/octet-stream", (bundle / wheel).read_bytes(),
        )  # fmt: skip
        assert ask(host, f"/{wheel}", method="HEAD")[2] == b""
        assert ask(host, "/simple/app/", "image/png")[0] == 406
        assert json.loads(ask(host, "/simple/", PIP)[2])["projects"] == [
            {"name": "app"}, {"name": "dep"},
        ]  # fmt: skip
    assert body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret", "/%2e%2e/secret", "/simple/..%2f..%2f..%2fsecret", "/.hidden",
        "/out/hostname",
        "/%00", "/a%0d%0aX-Evil:1", "/simple/none/", "/files/..%5c..%5csecret", "/" + "a" * 5000,
    ],
)  # fmt: skip
def test_nothing_else_is_served(bundle: Path, path: str) -> None:
    with serving(bundle) as (host, _):
        assert ask(host, path)[0] == 404


def test_a_directory_has_one_address(bundle: Path) -> None:
    with serving(bundle) as (host, _):
        connection = http.client.HTTPConnection(host, timeout=10)
        for path, address in (("/simple", "/simple/"), ("/", "/simple/"), ("//simple", "/simple/")):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, answer.getheader("Location")) == (302, address)
        connection.close()


def test_requests_are_lines_on_stderr(bundle: Path) -> None:
    with serving(bundle) as (host, lines):
        ask(host, "/simple/app/")

    assert lines == ['"GET /simple/app/ HTTP/1.1" 200 -']


def test_pip_installs_from_it(bundle: Path, tmp_path: Path) -> None:
    with serving(bundle) as (host, _):
        command = [
            *(sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"),
            *("download", "--no-cache-dir", "--dest", str(tmp_path)),
            *("--index-url", f"http://{host}/simple/", "app"),
        ]
        subprocess.run(command, check=True, capture_output=True)

    assert {path.name for path in tmp_path.iterdir()} == {
        "app-1.0-py2.py3-none-any.whl", "dep-1.5-py2.py3-none-any.whl",
    }  # fmt: skip


def test_a_directory_without_pages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MatrixError) as caught, open_server(tmp_path, port=0, say=print):
        pass

    assert str(caught.value) == (
        f"{tmp_path}: expected a bundle or a static destination with simple/, got none\n"
        "  hint: name the directory itself"
    )


def test_a_port_in_use_is_refused(bundle: Path) -> None:
    with serving(bundle) as (host, _):
        port = int(host.partition(":")[2])
        with pytest.raises(MatrixError) as caught, open_server(bundle, port=port, say=print):
            pass

    assert str(caught.value) == (
        f"127.0.0.1: cannot listen on port {port}: Address already in use\n  hint: --port 0"
    )


def test_an_interrupt_ends_it(bundle: Path) -> None:
    command = [sys.executable, "-m", "matrix.farside", "serve", str(bundle), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.send_signal(2)
        rest = process.stderr.read()
    assert line.startswith(f"serving {bundle}: http://127.0.0.1:")
    assert line.endswith("/simple/ (Ctrl-C ends it)\n")
    assert (process.returncode, rest) == (0, "")
