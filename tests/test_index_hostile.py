"""What an index may send that is none of the Simple API: refused, or passed over, never a crash."""

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.edge import limits
from matrix.errors import IndexUnavailable, MatrixError
from matrix.index import filenames, ranged
from matrix.index import page as pages
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.listing import InvalidPage
from matrix.index.settings import Settings
from matrix.index.transport import Transport, parse_count
from matrix.policy import advisories

from .index_clients import SIX, client, files
from .index_server import IndexServer
from .scripted_server import JSON, ScriptedServer, answer, listed, page
from .wheels import make_wheel

URL = "https://index.example/simple/six/"
GOOD = listed("six-1.0-py3-none-any.whl")


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with ScriptedServer.running() as running:
        yield running


@pytest.fixture
def asked(script: ScriptedServer, tmp_path: Path) -> Iterator[Index]:
    with client(f"{script.url}simple/", tmp_path) as index:
        yield index


def names(body: bytes, content_type: str = JSON) -> list[str]:
    parsed = pages.parse(body, content_type=content_type, project=SIX, url=URL)
    return [file.filename for version in parsed.releases for file in parsed.releases[version]]


@pytest.mark.parametrize(
    "entry",
    [
        listed("six-2.0-py3-none-any.whl", url="http://["),
        listed("six-2.0-py3-none-any.whl", url="//["),
        listed(f"six-{'9' * 200}.tar.gz"),
        listed(f"six-{'9' * 5000}.tar.gz"),
        listed("six-2.0-py3\0-none-any.whl"),
        listed("six-2.0-.-none-any.whl"),
        listed(f"six-2.0-{'.'.join(f'p{n}' for n in range(30))}-{'a.' * 40}a-any.whl"),
        listed("six-2.0\n.tar.gz"),
        listed(".six-2.0.tar.gz"),
        listed("six-2.0.tar.gz", hashes={"sha256": "../../evil"}),
        listed("six-2.0.tar.gz", hashes={"sha256": "a\0b"}),
        listed("six-2.0.tar.gz", hashes={"sha256": "0" * 63}),
        listed("six-2.0.tar.gz", hashes={"sha256": "0" * 64 + "\n"}),
        listed("six-2.0.tar.gz", hashes={"sha256": "0" * 5000}),
    ],
    ids=range(14),
)
def test_one_odd_file_is_passed_over_and_the_others_are_not(entry: dict[str, object]) -> None:
    assert [name for name in names(page(entry, GOOD)) if "9" * 200 not in name] == [
        GOOD["filename"]
    ]


def test_capitals_are_hexadecimal_digits() -> None:
    entry = listed("six-1.0.tar.gz", hashes={"sha256": "AB" * 32})
    entry["core-metadata"] = {"sha256": "CD" * 32}
    (file,) = files_of(entry)

    assert (file.sha256, file.metadata_sha256) == ("ab" * 32, "cd" * 32)


def test_metadata_with_another_digest_are_read_from_the_wheel() -> None:
    entry = {**listed("six-1.0-py3-none-any.whl"), "core-metadata": {"sha256": "../x"}}
    (file,) = files_of(entry)

    assert not file.has_metadata


@pytest.mark.parametrize(
    ("time", "uploaded"),
    [
        ("0001-01-01T00:00:00+23:59", ""),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0099-01-01T00:00:00+00:00", "0099-01-01T00:00:00Z"),
        ("2026-W01-1T00:00:00Z", "2025-12-29T00:00:00Z"),
        ("2026-02-30T00:00:00Z", ""),
        ("2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00Z"),
    ],
)
def test_a_time_is_one_in_utc_or_none(time: str, uploaded: str) -> None:
    (file,) = files_of({**listed("six-1.0.tar.gz"), "upload-time": time})

    assert file.uploaded == uploaded


@pytest.mark.parametrize("size", [-1, 2**53, 10**30])
def test_a_size_that_no_file_has_is_unknown(size: int) -> None:
    (file,) = files_of(listed("six-1.0.tar.gz", size=size))

    assert file.size == 0


def files_of(entry: dict[str, object]) -> tuple[pages.PublishedFile, ...]:
    parsed = pages.parse(page(entry), content_type=JSON, project=SIX, url=URL)
    return parsed.releases[Version("1.0")]


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"x", "text/html; charset=undefined", "expected charset utf-8, got 'undefined'"),
        (b"x", "text/html; charset=punycode", "expected charset utf-8, got 'punycode'"),
        (b"x", "text/html; charset=nonsense", "unknown encoding: nonsense"),
        (b"\xff", "text/html", "'utf-8' codec can't decode byte 0xff"),
        (b'<base href="http://["><a href="six-1.0.tar.gz">six-1.0.tar.gz</a>', "text/html",
         "expected links to distributions, got 1 others"),
        (b'{"files": [], "x": ' + b"[" * 100_000, JSON, "nested too deep"),
    ],
)  # fmt: skip
def test_a_page_that_is_none_is_refused(body: bytes, kind: str, reason: str) -> None:
    with pytest.raises(InvalidPage) as caught:
        names(body, kind)

    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("60", 60), ("\u00b2", None), ("\u0663", None), ("9" * 5000, None), ("", None),
     ("-1", None), ("1.5", None)],
)  # fmt: skip
def test_a_number_in_a_header_has_ascii_digits(text: str, count: int | None) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    "headers",
    [{"Cache-Control": "max-age=60", "Age": "\xb2"}, {"Cache-Control": f"max-age={'9' * 5000}"}],
)
def test_a_header_that_is_no_number_is_ignored(
    script: ScriptedServer, asked: Index, headers: dict[str, str]
) -> None:
    script.answers["/simple/six/"] = [answer(page(GOOD), headers=headers)]

    assert [file.filename for file in files(asked)] == [GOOD["filename"]]


@pytest.mark.parametrize("after", ["\xb2", "Thu, 99 Foo 99999 99:99:99 GMT", "9" * 5000])
def test_a_pause_that_is_no_number_is_our_own(
    script: ScriptedServer, tmp_path: Path, after: str
) -> None:
    busy = answer(status="503 Busy", headers={"Retry-After": after})
    script.answers["/simple/six/"] = [busy, answer(page(GOOD))]
    pauses: list[float] = []
    with client(f"{script.url}simple/", tmp_path, sleep=pauses.append) as index:
        assert files(index)

    assert pauses == [0.5]


def test_a_redirection_to_no_address_is_refused(script: ScriptedServer, asked: Index) -> None:
    script.answers["/simple/six/"] = [answer(status="302 Found", headers={"Location": "http://["})]

    with pytest.raises(IndexUnavailable) as caught:
        asked.fetch_page(SIX)

    assert ", got a redirection to what is no address\n" in str(caught.value)


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(tmp_path: Path) -> None:
    limit = limits.cap("seconds of an answer")
    for seconds, is_enough in [(limit - 1, True), (limit, True), (limit + 1, False)]:
        times = iter([0.0, *[float(seconds)] * 1000])
        with ScriptedServer.running() as script:
            script.answers["/simple/six/"] = [answer(page(GOOD))]
            settings = Settings(url=f"{script.url}simple/", ca_bundle="")
            transport = Transport(settings, timer=lambda times=times: next(times))  # type: ignore[misc]
            index = Index(transport, Cache(tmp_path / str(seconds)))
            if is_enough:
                assert files(index)
                continue
            with pytest.raises(IndexUnavailable) as caught:
                index.fetch_page(SIX)
            assert f"bytes in {limit} seconds, and not all of it" in str(caught.value)


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_chain_of_requirements_has_an_end(
    asked: Index, script: ScriptedServer, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    monkeypatch.setitem(limits.CAP_BY_NAME, "projects of a lock", 3)
    for number in range(3 + more):
        script.answers[f"/simple/p{number}/"] = [answer(page(name=f"p{number}"))]

    for number in range(3 + min(more, 0)):
        asked.fetch_page(canonicalize_name(f"p{number}"))
    if more > 0:
        with pytest.raises(IndexUnavailable) as caught:
            asked.fetch_page(canonicalize_name("p3"))
        assert str(caught.value).endswith("expected at most 3 projects of a lock, got 4")


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_compressed_tags_have_a_limit(more: int) -> None:
    cap = limits.cap("tags of a wheel")
    # A product of two sets, as near to the limit as its divisors allow.
    name = f"six-1.0-{'.'.join(f'a{n}' for n in range(10))}-none-any.whl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(limits.CAP_BY_NAME, "tags of a wheel", 10 - more)
        context = (
            pytest.raises(ValueError, match=f"at most {10 - more} tags of a wheel, got 10")
            if more > 0
            else contextlib.nullcontext()
        )
        with context:
            assert len(filenames.tags(name)) == 10
    assert cap == 1000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_a_damaged_wheel_has_no_metadata(tmp_path: Path, method: int) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr("six-1.0.dist-info/METADATA", "Metadata-Version: 2.1\n" * 50)
    damaged = bytearray(content.getvalue())
    damaged[60:80] = bytes(20)
    (tmp_path / "x").write_bytes(damaged)

    with (tmp_path / "x").open("rb") as stream, pytest.raises(ranged.NoMetadata):
        ranged.member(stream)


RECORD = {"id": "X-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "six"}}]}


def snapshot(path: Path, *texts: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.json", text)
    return path


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("name", ["advisory bytes", "advisories bytes"])
def test_records_of_vulnerabilities_have_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, more: int
) -> None:
    text = json.dumps(RECORD)
    path = snapshot(tmp_path / "osv.zip", text)
    monkeypatch.setitem(limits.CAP_BY_NAME, name, len(text) - more)
    context = pytest.raises(MatrixError) if more > 0 else contextlib.nullcontext()

    with context as caught:
        assert advisories.read(path).advisories_by_project
    if more > 0:
        assert f"expected at most {len(text) - 1} {name}, got {len(text)}" in str(caught.value)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "7", '{"id": 1, "affected": 7}'])
def test_a_record_that_is_none_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    path = snapshot(tmp_path / "osv.zip", text)

    with pytest.raises(MatrixError) as caught:
        advisories.read(path)

    assert str(caught.value).startswith(f"{path}: 0.json: expected an OSV record, got ")


def test_a_version_of_5000_digits_in_a_record_is_no_version(tmp_path: Path) -> None:
    entry = {**RECORD["affected"][0], "versions": ["9" * 5000]}  # type: ignore[dict-item]
    path = snapshot(tmp_path / "osv.zip", json.dumps({**RECORD, "affected": [entry]}))

    assert advisories.find_vulnerabilities(advisories.read(path), [("six", "1.0")]) == ()


def test_files_of_a_release_that_are_all_odd_are_no_crash(
    index: IndexServer, tmp_path: Path
) -> None:
    index.add(make_wheel(index.directory, "six", "1.0"))
    body = json.loads(index.page("six"))
    odd = {**body["files"][0], "filename": "six-2.0-py3-none-any.whl", "url": "http://["}
    index.raw_pages["six"] = json.dumps({**body, "files": [*body["files"], odd]}).encode()
    with client(index.url, tmp_path) as asked:
        assert [file.filename for file in files(asked)] == ["six-1.0-py2.py3-none-any.whl"]
