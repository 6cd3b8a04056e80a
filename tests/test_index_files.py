"""Files and metadata over connections that break and from servers that lie about ranges."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from matrix.errors import DigestMismatch, IndexUnavailable
from matrix.index.client import Index

from .index_clients import HINT, client, files
from .index_server import IndexServer
from .scripted_server import ScriptedServer, answer, listed, page
from .wheels import make_wheel, metadata

HALF = "206 Partial Content"


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with ScriptedServer.running() as running:
        yield running


@pytest.fixture
def asked(script: ScriptedServer, tmp_path: Path) -> Iterator[Index]:
    with client(f"{script.url}simple/", tmp_path / "cache") as index:
        yield index


@pytest.fixture
def wheel(script: ScriptedServer, tmp_path: Path) -> Path:
    """A wheel too large for one ranged read, on the index's page."""
    path = make_wheel(tmp_path, "six", "1.10", members={"six.py": noise()})
    script.answers["/simple/six/"] = [answer(page(listed(path.name, path.read_bytes())))]
    return path


def noise() -> str:
    return "".join(f"{(n * 7919) % 100_003:x}" for n in range(40_000))


def broken_off(body: bytes, at: int) -> bytes:
    return answer(body[:at], headers={"Content-Length": str(len(body))})


def part(body: bytes, start: int, end: int) -> bytes:
    span = f"bytes {start}-{end - 1}/{len(body)}"
    return answer(body[start:end], status=HALF, headers={"Content-Range": span})


def test_a_file_that_breaks_off_is_continued(
    script: ScriptedServer, asked: Index, wheel: Path
) -> None:
    body = wheel.read_bytes()
    at = f"/files/{wheel.name}"
    script.answers[at] = [broken_off(body, 1000), part(body, 1000, len(body))]

    assert asked.fetch_file(files(asked)[0]).read_bytes() == body
    assert [r.headers.get("range", "") for r in script.asked(at)] == ["", "bytes=1000-"]


def test_a_file_that_breaks_off_every_time_is_an_error(
    script: ScriptedServer, asked: Index, wheel: Path, tmp_path: Path
) -> None:
    body = wheel.read_bytes()
    script.answers[f"/files/{wheel.name}"] = [broken_off(body, 0)]

    with pytest.raises(IndexUnavailable) as caught:
        asked.fetch_file(files(asked)[0])

    assert str(caught.value) == (
        f"{script.url}files/{wheel.name}: expected {wheel.name}, "
        f"got IncompleteRead(0 bytes read, {len(body)} more expected){HINT}"
    )
    assert [p for p in (tmp_path / "cache").rglob("files/**/*") if p.is_file()] == []


def test_a_server_that_cannot_continue_a_file_is_named(
    script: ScriptedServer, asked: Index, wheel: Path
) -> None:
    body = wheel.read_bytes()
    script.answers[f"/files/{wheel.name}"] = [broken_off(body, 1000), answer(body)]

    with pytest.raises(IndexUnavailable) as caught:
        asked.fetch_file(files(asked)[0])

    assert f": expected {wheel.name}, got 1000 bytes and status 200 for the rest" in str(
        caught.value
    )


def test_a_file_that_continues_with_other_bytes_is_refused(
    script: ScriptedServer, asked: Index, wheel: Path
) -> None:
    body = wheel.read_bytes()
    other = body[:1000] + bytes(len(body) - 1000)
    script.answers[f"/files/{wheel.name}"] = [broken_off(body, 1000), part(other, 1000, len(body))]

    with pytest.raises(DigestMismatch):
        asked.fetch_file(files(asked)[0])


@pytest.mark.parametrize(
    "lie",
    [
        lambda body: part(body, 0, 100),
        lambda body: part(bytes(len(body)), len(body) - 32768, len(body)),
        lambda body: answer(
            body[-500:], status=HALF, headers={"Content-Range": f"bytes 0-9/{len(body)}"}
        ),
        lambda body: answer(body[-500:], status=HALF),
    ],
    ids=["another-part", "other-bytes", "another-length", "no-content-range"],
)
def test_a_server_that_lies_about_ranges_is_asked_for_the_whole_file(
    script: ScriptedServer,
    asked: Index,
    wheel: Path,
    lie: Callable[[bytes], bytes],
) -> None:
    body = wheel.read_bytes()
    at = f"/files/{wheel.name}"
    script.answers[at] = [lie(body), answer(body)]

    assert asked.fetch_metadata(files(asked)[0]).startswith(b"Metadata-Version: 2.1\nName: six\n")
    assert script.asked(at)[0].headers["range"] == "bytes=-32768"


def test_metadata_takes_two_requests_at_most_where_nothing_lies_beside(
    index: IndexServer, tmp_path: Path
) -> None:
    long = f"{metadata('six', '1.10')}{noise()}"
    index.add(make_wheel(index.directory, "six", "1.10", stated=long))
    with client(index.url, tmp_path / "cache") as asked:
        found = asked.fetch_metadata(files(asked)[0])

    assert found == long.encode()
    assert len([request for request in index.requests if request.startswith("/files/")]) == 2


def test_a_file_that_is_no_wheel_is_named(script: ScriptedServer, asked: Index) -> None:
    body = b"not an archive"
    script.answers["/simple/six/"] = [answer(page(listed("six-1-py3-none-any.whl", body)))]
    script.answers["/files/six-1-py3-none-any.whl"] = [answer(body)]

    with pytest.raises(IndexUnavailable) as caught:
        asked.fetch_metadata(files(asked)[0])

    assert str(caught.value) == (
        f"{script.url}files/six-1-py3-none-any.whl: "
        "expected a wheel with METADATA, got a file without: File is not a zip file"
    )


def test_compressed_pages_are_unpacked_and_compressed_files_are_not(
    script: ScriptedServer, asked: Index, wheel: Path
) -> None:
    body = wheel.read_bytes()
    labelled = answer(body, headers={"Content-Encoding": "gzip"})
    script.answers[f"/files/{wheel.name}"] = [labelled]

    assert asked.fetch_file(files(asked)[0]).read_bytes() == body
    assert script.asked("/simple/six/")[0].headers["accept-encoding"] == "gzip, deflate"
    assert script.asked(f"/files/{wheel.name}")[0].headers["accept-encoding"] == "identity"


def test_a_password_goes_to_its_own_host_only(tmp_path: Path) -> None:
    with ScriptedServer.running() as index, ScriptedServer.running() as elsewhere:
        entry = listed("six-1-py3-none-any.whl", b"x", url=f"{elsewhere.url}x")
        index.answers["/simple/six/"] = [answer(page(entry))]
        elsewhere.answers["/x"] = [answer(b"x")]
        url = index.url.replace("http://", "http://me:s%40fe@") + "simple/"
        with client(url, tmp_path / "cache") as asked:
            asked.fetch_file(files(asked)[0])

    assert index.requests[0].headers["authorization"] == "Basic bWU6c0BmZQ=="
    assert "authorization" not in elsewhere.requests[0].headers
    kept = [p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert kept
    assert not any(b"s%40fe" in content or b"s@fe" in content for content in kept)
