"""A release is fetched in pieces, each file is compared, and an interrupted download goes on."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.bundle import downloading
from matrix.bundle.downloading import Release, fetch_parts
from matrix.bundle.packing import pack
from matrix.cli import main
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import DigestMismatch, IndexUnavailable, NotWritten, UsageError
from matrix.verify.unpacking import join_parts
from matrix.verify.verify import verify

from .bundles import sound

QUIET = Reporter.on_stderr(Loudness.QUIET)


class Server(http.server.ThreadingHTTPServer):
    """A directory with ranges, which can break off, lie, or redirect."""

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.directory = directory
        self.requests: list[tuple[str, str, str]] = []
        self.cut: dict[str, int] = {}
        self.has_ranges = True
        self.moved_to = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        own = self.server
        assert isinstance(own, Server)
        name, wanted = self.path.lstrip("/"), self.headers.get("Range", "")
        own.requests.append((name, wanted, self.headers.get("Authorization", "")))
        path = own.directory / name
        if own.moved_to:
            self.send_response(302)
            self.send_header("Location", own.moved_to + name)
            self.end_headers()
            return
        if not path.exists():
            self.send_error(404)
            return
        data, start = path.read_bytes(), 0
        if wanted and own.has_ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start : own.cut.pop(name, None)])

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name
        pass


def run_server(directory: Path) -> Iterator[Server]:
    with Server(directory) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def released(tmp_path: Path) -> Path:
    bundle = sound(tmp_path / "made").rename(tmp_path / "acme-2026.1")
    (bundle / "bundle.dsse.json").write_text("a signature", encoding="utf-8")
    pack(bundle, tmp_path / "released", size=5_000, reporter=QUIET)
    return tmp_path / "released"


@pytest.fixture
def server(released: Path) -> Iterator[Server]:
    yield from run_server(released)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


PART = "acme-2026.1.tar.part002"


def test_a_release_is_fetched_whole(server: Server, released: Path, tmp_path: Path) -> None:
    fetch_parts(Release(server.address), tmp_path / "parts", reporter=QUIET)

    assert contents(tmp_path / "parts") == contents(released)
    assert not (tmp_path / ".parts.fetch").exists()
    verify(join_parts(tmp_path / "parts", tmp_path / "joined"))


@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_download_that_breaks_off_goes_on(
    server: Server, released: Path, tmp_path: Path, *, has_ranges: bool
) -> None:
    server.cut, server.has_ranges = {PART: 3_000}, has_ranges

    fetch_parts(Release(server.address), tmp_path / "parts", reporter=QUIET)

    asked = [wanted for name, wanted, _ in server.requests if name == PART]
    assert asked == ["", "bytes=3000-"]
    assert contents(tmp_path / "parts") == contents(released)


def test_a_fetch_that_was_killed_goes_on(
    server: Server, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.cut = {PART: 3_000}
    with monkeypatch.context() as patch:
        patch.setattr(downloading, "_TRIES", 1)
        with pytest.raises(IndexUnavailable):
            fetch_parts(Release(server.address), tmp_path / "parts", reporter=QUIET)
    assert not (tmp_path / "parts").exists()
    server.requests.clear()

    fetch_parts(Release(server.address), tmp_path / "parts", reporter=QUIET)

    names = [name for name, _, _ in server.requests]
    assert "acme-2026.1.tar.part001" not in names
    assert (PART, "bytes=3000-", "") in server.requests
    assert contents(tmp_path / "parts") == contents(released)


def test_a_changed_part_is_named(server: Server, released: Path, tmp_path: Path) -> None:
    data = bytearray((released / PART).read_bytes())
    data[0] ^= 1
    (released / PART).write_bytes(data)

    with pytest.raises(DigestMismatch) as caught:
        fetch_parts(Release(server.address), tmp_path / "parts", reporter=QUIET)

    assert caught.value.problems[0].place == PART
    assert not (tmp_path / "parts").exists()


def test_a_longer_part_is_not_read_to_its_end(
    server: Server, released: Path, tmp_path: Path
) -> None:
    (released / PART).write_bytes(b"x" * 100_000)

    with pytest.raises(IndexUnavailable) as caught:
        fetch_parts(Release(server.address), tmp_path / "parts", reporter=QUIET)

    assert str(caught.value) == (
        f"{server.address}{PART}: cannot be read: it is longer than 5000 bytes"
    )


def test_a_token_goes_to_the_named_host_alone(
    server: Server, released: Path, tmp_path: Path
) -> None:
    for other in run_server(released):
        server.moved_to = other.address
        fetch_parts(Release(server.address, token="secret"), tmp_path / "p", reporter=QUIET)  # noqa: S106 - a test's

        assert {token for _, _, token in server.requests} == {"Bearer secret"}
        assert {token for _, _, token in other.requests} == {""}


def test_a_server_without_a_release_is_an_error(server: Server, tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable) as caught:
        fetch_parts(Release(f"{server.address}none"), tmp_path / "parts", reporter=QUIET)

    assert str(caught.value) == (
        f"{server.address}none/: expected a release with parts.json, got none"
    )


def test_a_directory_is_never_overwritten(server: Server, tmp_path: Path) -> None:
    with pytest.raises(NotWritten):
        fetch_parts(Release(server.address), tmp_path, reporter=QUIET)


@pytest.mark.parametrize(
    "address",
    ["file:///etc/", "ftp://x/", "https://u:secret@x/", "https:///x", "x", "https://x/?a"],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        Release(address)

    assert "secret" not in str(caught.value)


def test_the_verbs_pack_and_fetch(
    released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "packed"
    bundle = str(tmp_path / "acme-2026.1")
    assert main(["pack", bundle, "--size", "5kB", "--out", str(packed), "-q"]) == 0
    assert contents(packed) == contents(released)
    written = capsys.readouterr().out.splitlines()
    assert sorted(written) == sorted(str(path) for path in packed.iterdir())

    for server in run_server(packed):
        arguments = ["fetch", server.address, "--out", str(tmp_path / "fetched")]
        assert main([*arguments, "--format", "json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["bundle"] == "acme-2026.1"
    assert contents(tmp_path / "fetched") == contents(packed)
