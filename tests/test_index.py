import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.errors import DigestMismatch, IndexUnavailable, NotWritten
from matrix.index.addresses import without_password
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings, choose_settings, get_option, parse_options
from matrix.index.transport import Transport
from matrix.manifest.network import Network

from .index_server import IndexServer
from .wheels import make_sdist, make_wheel

SIX = canonicalize_name("six")
HINT = (
    "\n  hint: set network.index in packages.yaml, or PIP_INDEX_URL, "
    "to an index that this machine reaches"
)


Reach = Callable[..., Index]


@pytest.fixture
def reach(index: IndexServer, tmp_path: Path) -> Iterator[Reach]:
    """Make an ``Index`` of the server, or of another address, with the test's one cache."""
    opened: list[Transport] = []

    def made(*, url: str = "", pauses: list[float] | None = None) -> Index:
        slept: list[float] = [] if pauses is None else pauses
        settings = Settings(url=url or index.url, ca_bundle="")
        opened.append(Transport(settings, sleep=slept.append))
        return Index(opened[-1], Cache(tmp_path / "cache"))

    yield made
    for transport in opened:
        transport.close()


@pytest.fixture
def asked(reach: Reach) -> Index:
    return reach()


def complaint(error: Exception, index: IndexServer) -> str:
    return str(error).replace(index.url, "https://index.example/simple/")


@pytest.mark.parametrize("is_html", [False, True], ids=["json", "html"])
def test_a_page_reads_the_same_in_both_formats(
    index: IndexServer, asked: Index, is_html: bool
) -> None:
    index.is_html = is_html
    index.add(make_wheel(index.directory, "six", "1.9", requires_python=">=2.7,<3.13"))
    index.add(make_wheel(index.directory, "six", "1.10"))
    index.add(make_sdist(index.directory, "six", "1.10"))

    page = asked.fetch_page(SIX)

    assert page is not None
    assert list(page.releases) == [Version("1.10"), Version("1.9")]
    assert [file.is_wheel for file in page.releases[Version("1.10")]] == [True, False]
    assert page.releases[Version("1.9")][0].requires_python == "<3.13,>=2.7"


def test_a_project_that_is_not_there_is_none(asked: Index) -> None:
    assert asked.fetch_page(SIX) is None


@pytest.mark.parametrize("has_metadata", [True, False], ids=["pep-658", "ranged"])
@pytest.mark.parametrize("has_ranges", [True, False], ids=["ranges", "no-ranges"])
def test_metadata_is_the_same_however_it_is_had(
    index: IndexServer, asked: Index, has_metadata: bool, has_ranges: bool
) -> None:
    index.has_metadata, index.has_ranges = has_metadata, has_ranges
    padding = {"six.py": "x" * 200_000}
    path = index.add(make_wheel(index.directory, "six", "1.10", members=padding))
    page = asked.fetch_page(SIX)
    assert page is not None

    metadata = asked.fetch_metadata(page.releases[Version("1.10")][0])

    assert metadata.startswith(b"Metadata-Version: 2.1\nName: six\nVersion: 1.10\n")
    reads = any(request.endswith(path.name) for request in index.requests)
    assert reads is not has_metadata


def test_metadata_is_asked_for_once_in_the_life_of_a_cache(
    index: IndexServer, reach: Reach
) -> None:
    index.add(make_wheel(index.directory, "six", "1.10"))
    for _ in range(2):
        asked = reach()
        page = asked.fetch_page(SIX)
        assert page is not None
        asked.fetch_fields(page.releases[Version("1.10")][0])
        asked.close()

    assert [request for request in index.requests if "files" in request] == [
        "/files/six-1.10-py2.py3-none-any.whl"
    ]


def test_a_page_with_an_etag_is_only_asked_about_again(index: IndexServer, reach: Reach) -> None:
    index.add(make_wheel(index.directory, "six", "1.10"))
    index.etag = '"one"'
    first = reach().fetch_page(SIX)
    index.raw_pages["six"] = b"a body that must not be read, for the tag is the same"

    assert reach().fetch_page(SIX) == first


def test_a_busy_index_is_given_the_time_it_asks_for(index: IndexServer, reach: Reach) -> None:
    index.add(make_wheel(index.directory, "six", "1.10"))
    index.busy = 2
    pauses: list[float] = []

    page = reach(pauses=pauses).fetch_page(SIX)

    assert page is not None
    assert pauses == [1.0, 1.0]


def test_an_index_that_stays_busy_is_an_error(index: IndexServer, asked: Index) -> None:
    index.busy = 99

    with pytest.raises(IndexUnavailable) as caught:
        asked.fetch_page(SIX)

    assert complaint(caught.value, index) == (
        f"https://index.example/simple/six/: expected the page of 'six', got status 503{HINT}"
    )


def test_an_unreachable_index_is_an_error_and_not_an_empty_one(reach: Reach) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/simple/"
        pauses: list[float] = []

        with pytest.raises(IndexUnavailable) as caught:
            reach(url=url, pauses=pauses).fetch_page(SIX)

    assert str(caught.value).replace(url, "https://index.example/simple/") == (
        "https://index.example/simple/six/: expected the page of 'six', "
        f"got [Errno 111] Connection refused{HINT}"
    )
    assert pauses == [0.5, 2.0, 6.0]


@pytest.mark.parametrize(
    "body",
    [b'{"files": [', b"[]", b'{"name": "six"}', b'{"name": "six", "files": [{"url": 1}]}'],
    ids=["truncated", "a-list", "no-files", "a-file-without-name"],
)
def test_a_page_that_cannot_be_read_is_an_error(
    index: IndexServer, asked: Index, body: bytes
) -> None:
    index.raw_pages["six"] = body

    with pytest.raises(IndexUnavailable) as caught:
        asked.fetch_page(SIX)

    assert complaint(caught.value, index).startswith(
        "https://index.example/simple/six/: expected a page of the Simple API, "
        "got one that cannot be read: "
    )


def test_bytes_with_another_digest_are_not_kept(
    index: IndexServer, asked: Index, tmp_path: Path
) -> None:
    path = index.add(make_wheel(index.directory, "six", "1.10"))
    promised = index.listed[path.name].sha256
    got = "".join(reversed(promised))
    index.listed[path.name].sha256 = got
    page = asked.fetch_page(SIX)
    assert page is not None

    with pytest.raises(DigestMismatch) as caught:
        asked.fetch_file(page.releases[Version("1.10")][0])

    assert str(caught.value) == (
        f"six-1.10-py2.py3-none-any.whl: expected sha256 {got}, got {promised}\n"
        "  hint: replaced or damaged on the way; try again, then compare lock and index"
    )
    assert [p for p in (tmp_path / "cache").rglob("files/**/*") if p.is_file()] == []


def test_a_damaged_file_in_the_cache_is_fetched_again(
    index: IndexServer, asked: Index, reach: Reach
) -> None:
    path = index.add(make_wheel(index.directory, "six", "1.10"))
    page = asked.fetch_page(SIX)
    assert page is not None
    file = page.releases[Version("1.10")][0]
    kept = asked.fetch_file(file)
    kept.write_bytes(b"damaged")

    again = reach().fetch_file(file)

    assert again.read_bytes() == path.read_bytes()


def test_a_cache_that_cannot_be_written_is_named(
    index: IndexServer, reach: Reach, tmp_path: Path
) -> None:
    index.add(make_wheel(index.directory, "six", "1.10"))
    (tmp_path / "cache").write_text("a file where the directory should be")

    with pytest.raises(NotWritten) as caught:
        reach().fetch_page(SIX)

    assert "cannot be written: Not a directory" in str(caught.value)


def test_the_manifest_wins_over_pip() -> None:
    pip = {"global.index-url": "https://pip.example/simple", "global.cert": "/certs.pem"}

    named = choose_settings(Network(index="https://index.example/simple"), pip, environment={})
    configured = choose_settings(Network(), pip, environment={})

    assert named == Settings(url="https://index.example/simple/", ca_bundle="/certs.pem")
    assert configured.url == "https://pip.example/simple/"


def test_the_environment_wins_over_pip_files() -> None:
    listed = (
        "WARNING: something\n"
        "global.index-url='https://files.example/'\n"
        ":env:.index-url='https://environment.example/'\n"
    )

    assert get_option(parse_options(listed), "index-url") == "https://environment.example/"


def test_a_password_never_reaches_a_message() -> None:
    assert without_password("https://me:secret@index.example/simple/") == (
        "https://***@index.example/simple/"
    )
