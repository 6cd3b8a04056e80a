"""On the way to an index: proxies, certificates, passwords, and a wait that ends when asked to."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from matrix.errors import IndexUnavailable
from matrix.index.addresses import authorization, origin, proxy, without_password, without_user
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings, choose_settings, get_option, read_pip_options
from matrix.index.transport import Transport
from matrix.manifest.network import Network

from .index_clients import SIX
from .index_server import IndexServer, _handler
from .scripted_server import ScriptedServer, answer, listed, page
from .servers import run_server
from .toolchains import FileServer
from .wheels import make_wheel

PROXIES = {
    "http": "http://proxy.example:3128",
    "https": "proxy.example:3129",
    "no": "localhost, .house.example,index.example:8443",
}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://index.example/simple/", "http://proxy.example:3128"),
        ("https://index.example/simple/", "http://proxy.example:3129"),
        ("https://index.example:8443/simple/", ""),
        ("https://pypi.house.example/simple/", ""),
        ("https://me:secret@house.example/simple/", ""),
        ("https://warehouse.example/simple/", "http://proxy.example:3129"),
        ("http://localhost:8080/", ""),
    ],
)
def test_a_proxy_is_used_but_for_its_exceptions(url: str, expected: str) -> None:
    assert proxy(url, PROXIES) == expected
    assert proxy(url, {**PROXIES, "no": "*"}) == ""
    assert proxy(url, {}) == ""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment in which no pip is configured."""
    nothing = {"PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path), "XDG_CONFIG_DIRS": ""}
    return {**{n: v for n, v in os.environ.items() if not n.startswith("PIP_")}, **nothing}


def test_the_default_index_is_the_one_that_pip_prints(bare: dict[str, str]) -> None:
    options = read_pip_options(bare)
    found = choose_settings(Network(), options, environment=bare).url

    script = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    own = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert get_option(options, "index-url") == ""
    assert found == own.stdout.strip().rstrip("/") + "/"


def test_without_any_index_the_error_says_where_to_name_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("matrix.index.settings._PROGRAMS", (("no-such-pip",),))

    with pytest.raises(IndexUnavailable) as caught:
        choose_settings(Network(), {}, environment={})

    assert str(caught.value) == (
        "network.index: expected the address of a package index, got none from packages.yaml and "
        "pip\n  hint: set network.index in packages.yaml, or PIP_INDEX_URL"
    )


@pytest.mark.parametrize(
    ("address", "shown", "hint"),
    [
        ("file:///srv/simple", "file:///srv/simple", ""),
        ("/srv/simple", "/srv/simple", ""),
        ("index.example/simple/", "index.example/simple/", "https://index.example/simple/"),
        ("me:secret@index.example", "***@index.example", "https://***@index.example"),
        ("http://me:secret@[bad/", "http://***@[bad/", ""),
        ("http://index.example:port/", "http://index.example:port/", ""),
        ("https:///simple/", "https:///simple/", ""),
    ],
)
def test_an_index_that_is_no_address_is_refused_with_its_source(
    address: str, shown: str, hint: str
) -> None:
    with pytest.raises(IndexUnavailable) as caught:
        choose_settings(Network(), {":env:.index-url": address}, environment={})

    assert str(caught.value) == (
        f"pip's index-url: expected an http or https address, got {shown!r}"
        + (f"\n  hint: {hint}" if hint else "")
    )


def test_pips_proxy_wins_over_the_machines() -> None:
    found = choose_settings(
        Network(index="https://index.example/"),
        {"global.proxy": "http://pip.example:3128"},
        environment={},
    ).proxies

    assert (found["http"], found["https"]) == ("http://pip.example:3128",) * 2


def test_what_names_a_user_is_told_apart() -> None:
    url = "https://me:s%40fe@Index.example:8443/simple/?x=1"

    assert without_password(url) == "https://***@Index.example:8443/simple/?x=1"
    assert without_user(url) == "https://Index.example:8443/simple/?x=1"
    assert origin(url) == ("https", "index.example:8443")
    assert authorization(url) == "Basic bWU6c0BmZQ=="
    assert authorization("https://index.example/") == ""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_does_not_answer_is_named(tmp_path: Path, scheme: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    settings = Settings(
        url=f"{scheme}://index.example/simple/",
        ca_bundle="",
        proxies={scheme: f"http://me:secret@{address}"},
    )

    with pytest.raises(IndexUnavailable) as caught:
        Index(Transport(settings, sleep=lambda _: None), Cache(tmp_path)).fetch_page(SIX)

    assert str(caught.value).endswith(
        "  hint: check HTTPS_PROXY, HTTP_PROXY, NO_PROXY and pip's proxy: "
        f"the proxy http://***@{address} did not answer"
    )


def test_a_proxy_that_is_no_address_is_an_error(tmp_path: Path) -> None:
    settings = Settings(
        url="http://index.example/simple/", ca_bundle="", proxies={"http": "http://["}
    )

    with pytest.raises(IndexUnavailable):
        Index(Transport(settings, sleep=lambda _: None), Cache(tmp_path)).fetch_page(SIX)


def test_a_page_comes_through_a_proxy(tmp_path: Path) -> None:
    with ScriptedServer.running() as forward:
        url = "http://index.example/simple/six/"
        forward.answers[url] = [answer(page(listed("six-1.0.tar.gz")))]
        reached = Settings(
            url="http://index.example/simple/",
            ca_bundle="",
            proxies={"http": forward.url.replace("//", "//me:secret@")},
        )
        asked = Index(Transport(reached), Cache(tmp_path))
        found = asked.fetch_page(SIX)
        asked.close()

    assert found is not None
    assert len(found.releases) == 1
    assert forward.asked(url)[0].headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"


@contextmanager
def encrypted(directory: Path) -> Iterator[tuple[IndexServer, Path]]:
    """An index behind TLS, and the certificate that it shows."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    ask = f"req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {certificate}"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([openssl, *ask.split(), *subject], check=True, capture_output=True)
    index = IndexServer(directory=directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(index))
    http.socket = context.wrap_socket(http.socket, server_side=True)
    index.url = f"https://127.0.0.1:{http.server_address[1]}/simple/"
    with run_server(http):
        yield index, certificate


@pytest.mark.parametrize(
    "run", [lambda _: ScriptedServer.running(), IndexServer.running, encrypted, FileServer.running]
)
def test_a_failing_test_ends_its_server(
    tmp_path: Path, run: Callable[[Path], AbstractContextManager[object]]
) -> None:
    with pytest.raises(ZeroDivisionError), run(tmp_path):
        raise ZeroDivisionError

    assert [thread for thread in threading.enumerate() if "serve_forever" in thread.name] == []


def test_a_certificate_that_nobody_here_knows_is_named_once_and_can_be_trusted(
    tmp_path: Path,
) -> None:
    with encrypted(tmp_path) as (index, certificate):
        index.add(make_wheel(tmp_path, "six", "1.10"))
        pauses: list[float] = []
        unknown = Transport(Settings(url=index.url, ca_bundle=""), sleep=pauses.append)
        known = Transport(Settings(url=index.url, ca_bundle=str(certificate)))
        with pytest.raises(IndexUnavailable) as caught:
            Index(unknown, Cache(tmp_path / "one")).fetch_page(SIX)
        found = Index(known, Cache(tmp_path / "two")).fetch_page(SIX)
        unknown.close()
        known.close()

    assert found is not None
    assert pauses == []
    assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value)
    assert str(caught.value).endswith(
        "\n  hint: set network.ca-bundle in packages.yaml, or PIP_CERT, "
        "to the certificates of this network"
    )


def test_certificates_that_are_not_there_are_named_at_once() -> None:
    with pytest.raises(IndexUnavailable) as caught:
        Transport(Settings(url="https://index.example/simple/", ca_bundle="/nowhere.pem"))

    assert str(caught.value) == (
        "/nowhere.pem: cannot be used as certificates: No such file or directory"
    )


def test_a_redirection_may_not_leave_encryption(tmp_path: Path) -> None:
    with encrypted(tmp_path) as (index, certificate), ScriptedServer.running() as plain:
        index.moved["/simple/six/"] = f"{plain.url}simple/six/"
        transport = Transport(Settings(url=index.url, ca_bundle=str(certificate)))
        with pytest.raises(IndexUnavailable) as caught:
            Index(transport, Cache(tmp_path / "cache")).fetch_page(SIX)
        transport.close()

    assert f"got a redirection to {plain.url}simple/six/" in str(caught.value)
    assert plain.requests == []


def test_closing_ends_every_pause(index: IndexServer, tmp_path: Path) -> None:
    index.busy, index.retry_after = 99, "60"
    asked = Index(Transport(Settings(url=index.url, ca_bundle="")), Cache(tmp_path / "cache"))
    failed: list[Exception] = []

    def ask() -> None:
        try:
            asked.fetch_page(SIX)
        except IndexUnavailable as error:
            failed.append(error)

    waiting = threading.Thread(target=ask, daemon=True)
    waiting.start()
    while not index.requests:
        time.sleep(0.01)
    asked.close()
    waiting.join(50)  # less than the first of the pauses that the server asks for

    assert failed != []
