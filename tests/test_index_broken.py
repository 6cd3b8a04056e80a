"""Indexes that answer wrongly: each is named in one line, and never believed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.errors import DigestMismatch, IndexUnavailable
from matrix.index.client import Index

from .index_clients import HINT, SIX, client, files
from .scripted_server import ScriptedServer, answer, listed, page

WHEEL = "six-1.10-py2.py3-none-any.whl"
CANNOT = "expected a page of the Simple API, got one that cannot be read: "
NOON = 1_000_000.0
"""1970-01-12 13:46:40 UTC, in the clock of these clients."""


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with ScriptedServer.running() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def asked(script: ScriptedServer, tmp_path: Path, pauses: list[float]) -> Iterator[Index]:
    url = f"{script.url}simple/"
    with client(url, tmp_path / "cache", sleep=pauses.append, largest=5000) as index:
        yield index


def complaint(index: Index, script: ScriptedServer) -> str:
    with pytest.raises(IndexUnavailable) as caught:
        index.fetch_page(SIX)
    return str(caught.value).replace(script.url, "https://index.example/")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (page(listed(WHEEL))[:-40], "Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"name": "six"}', "Object missing required field `files`"),
        (
            page({"filename": WHEEL, "url": 1, "hashes": {}}),
            "Expected `str`, got `int` - at `$.files[0].url`",
        ),
        (
            page(listed(WHEEL, size="large")),
            "Expected `int | null`, got `str` - at `$.files[0].size`",
        ),
        (
            page(listed(WHEEL, hashes={"md5": "0"}), listed("six-1.9.tar.gz", hashes={})),
            "expected a sha256 of each file, got 2 files without",
        ),
        (page(version="2.0"), "expected api-version 1.x, got '2.0'"),
        (
            b'{"meta": {"api-version": "3.1"}, "files": {"another": "shape"}}',
            "expected api-version 1.x, got '3.1'",
        ),
        (page(listed(WHEEL), name="Seven"), "expected the page of 'six', got that of 'Seven'"),
        (page(name="\udcff\udcff"), "JSON is malformed: invalid utf-16 surrogate pair (byte 48)"),
    ],
    ids=[
        "truncated",
        "a-list",
        "no-files",
        "an-address-that-is-a-number",
        "a-size-in-words",
        "no-digests",
        "api-version-2",
        "another-api-in-another-shape",
        "another-project",
        "half-a-surrogate",
    ],
)
def test_a_page_that_cannot_be_read_says_why(
    script: ScriptedServer, asked: Index, body: bytes, said: str
) -> None:
    script.answers["/simple/six/"] = [answer(body)]

    assert complaint(asked, script).startswith(f"https://index.example/simple/six/: {CANNOT}{said}")


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("text/plain", b"hello", "expected content type '{json}', got 'text/plain'"),
        (
            "application/vnd.pypi.simple.v2+json",
            b"{}",
            "expected content type '{json}', got 'application/vnd.pypi.simple.v2+json'",
        ),
        (
            "text/html",
            b'<p><a href="/login">Log in</a> <a href="/help">Help</a>',
            "expected links to distributions, got 2 others",
        ),
        (
            "text/html; charset=utf-8",
            b"<a href='six-1.0.tar.gz#sha256=0'>six-1.0.tar.gz</a> caf\xe9",
            "'utf-8' codec can't decode byte 0xe9 in position 56: unexpected end of data",
        ),
        (
            "text/html; charset=martian",
            b"<a href='six-1.0.tar.gz#sha256=0'>six-1.0.tar.gz</a>",
            "unknown encoding: martian",
        ),
        (
            "text/html",
            b'<meta name="pypi:repository-version" content="2.0">',
            "expected api-version 1.x, got '2.0'",
        ),
    ],
    ids=["text", "v2", "a-login-page", "not-utf-8", "no-such-encoding", "html-of-version-2"],
)
def test_a_page_of_another_kind_says_which(
    script: ScriptedServer, asked: Index, kind: str, body: bytes, said: str
) -> None:
    script.answers["/simple/six/"] = [answer(body, kind=kind)]

    expected = CANNOT + said.format(json="application/vnd.pypi.simple.v1+json")
    assert complaint(asked, script) == f"https://index.example/simple/six/: {expected}"


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (answer(status="403 Forbidden"), "status 403"),
        (answer(status="429 Too Many Requests"), "status 429"),
        (answer(page()[:-5], headers={"Content-Length": "99"}), "{broken}"),
        (b"no HTTP at all\r\n\r\n", "no HTTP at all"),
        (b"", "Remote end closed connection without response"),
        (answer(b" " * 5001), "5001 bytes, more than 5000"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"FFF\r\n%b\r\n" % (b" " * 0xFFF) * 2,
            "more than 5000 bytes",
        ),
        (
            answer(status="302 Found", headers={"Location": "/simple/six/"}),
            "more than 10 redirections",
        ),
        (
            answer(status="302 Found", headers={"Location": "ftp://index.example/six/"}),
            "Not supported URL scheme ftp",
        ),
    ],
    ids=[
        "forbidden",
        "too-many",
        "broken-off",
        "not-http",
        "hung-up",
        "gigantic",
        "gigantic-in-chunks",
        "redirected-in-a-circle",
        "redirected-elsewhere",
    ],
)
def test_an_answer_that_is_none_is_named(
    script: ScriptedServer, asked: Index, response: bytes, said: str
) -> None:
    script.answers["/simple/six/"] = [response]
    broken = f"IncompleteRead({len(page()) - 5} bytes read, {99 - len(page()) + 5} more expected)"

    told = complaint(asked, script)

    reason = said.format(broken=broken)
    assert told.startswith(("https://index.example/simple/six/", "ftp://index.example/six/"))
    assert told.endswith(f": expected the page of 'six', got {reason}{HINT}")


@pytest.mark.parametrize(
    ("asks", "pause"),
    [
        ("7", 7.0),
        ("Mon, 12 Jan 1970 13:47:10 GMT", 30.0),
        ("Mon, 12 Jan 1970 13:46:00 GMT", 0.5),
        ("3600", 60.0),
        ("soon", 0.5),
    ],
    ids=["seconds", "a-date", "a-date-gone-by", "an-hour", "nonsense"],
)
def test_a_busy_index_names_the_pause(
    script: ScriptedServer, asked: Index, pauses: list[float], asks: str, pause: float
) -> None:
    busy = answer(status="503 Service Unavailable", headers={"Retry-After": asks})
    script.answers["/simple/six/"] = [busy, answer(page())]

    assert asked.fetch_page(SIX) is not None
    assert pauses == [pause]


def test_files_that_nobody_could_use_are_passed_over(script: ScriptedServer, asked: Index) -> None:
    names = [
        WHEEL,
        "six-1.10-py2.py3-none.whl",
        "six-1.10-x-py3-none-any.whl",
        "six-one-py3-none-any.whl",
        "seven-1.10-py3-none-any.whl",
        "six-1.10-py3-none-../../../any.whl",
        "six-1.10.exe",
        "six-.tar.gz",
        "six.tar.gz",
        "../six-1.10.tar.gz",
    ]
    script.answers["/simple/six/"] = [answer(page(*map(listed, names)))]

    assert [file.filename for file in files(asked)] == [WHEEL]


def test_an_index_may_leave_out_what_is_optional(script: ScriptedServer, asked: Index) -> None:
    script.answers["/simple/six/"] = [answer(page(listed(WHEEL)))]

    (file,) = files(asked)

    assert (file.size, file.uploaded, file.requires_python) == (0, "", "")
    assert not file.has_metadata
    assert not file.is_yanked


@pytest.mark.parametrize(
    ("yanked", "is_yanked"), [("broken on 3.4", True), (True, True), ("", False), (False, False)]
)
def test_a_file_is_yanked_with_a_reason_or_without(
    script: ScriptedServer, asked: Index, yanked: bool | str, is_yanked: bool
) -> None:
    script.answers["/simple/six/"] = [answer(page(listed(WHEEL, yanked=yanked)))]

    assert files(asked)[0].is_yanked is is_yanked


@pytest.mark.parametrize(
    ("told", "uploaded"),
    [
        ("2016-04-20T04:13:06.946151Z", "2016-04-20T04:13:06Z"),
        ("2016-04-20T04:13:06Z", "2016-04-20T04:13:06Z"),
        ("2016-04-20T04:13Z", "2016-04-20T04:13:00Z"),
        ("2016-04-20T06:13:06+02:00", "2016-04-20T04:13:06Z"),
        ("2016-04-20T04:13:06", "2016-04-20T04:13:06Z"),
        ("yesterday", ""),
    ],
)
def test_upload_times_are_to_the_second_in_utc(
    script: ScriptedServer, asked: Index, told: str, uploaded: str
) -> None:
    entry = listed(WHEEL) | {"upload-time": told}
    script.answers["/simple/six/"] = [answer(page(entry))]

    assert files(asked)[0].uploaded == uploaded


def test_metadata_with_another_digest_is_refused(script: ScriptedServer, asked: Index) -> None:
    entry = listed(WHEEL) | {"core-metadata": {"sha256": "0" * 64}}
    script.answers["/simple/six/"] = [answer(page(entry))]
    script.answers[f"/files/{WHEEL}.metadata"] = [answer(b"Name: six\n")]

    with pytest.raises(DigestMismatch) as caught:
        asked.fetch_metadata(files(asked)[0])

    assert str(caught.value).startswith(f"{WHEEL}.metadata: expected sha256 {'0' * 64}, got ")
