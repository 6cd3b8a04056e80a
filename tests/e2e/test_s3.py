"""Import into a real S3-compatible store: SeaweedFS, with true conditional writes."""

import functools
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from matrix.destinations import undo
from matrix.destinations.access import Access
from matrix.destinations.imports import import_bundle
from matrix.destinations.kinds import parse_destination
from matrix.destinations.s3 import S3
from matrix.errors import IndexUnavailable, NotProven, NotVerified, NotWritten

from ..bundles import make_bundle, requirement, sound
from ..destinations import quiet, second
from ..servers import run_server
from ..wheels import make_wheel
from .package_servers import PASSWORD, PROGRAMS, STAMP, find_port, install, run_program

APP = "app-1.0-py2.py3-none-any.whl"
ANONYMOUS = {"name": "anonymous", "actions": ["Read:wheels", "List:wheels"]}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("s3")
    admin = {
        "name": "admin",
        "credentials": [{"accessKey": "admin", "secretKey": PASSWORD}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (directory / "s3.json").write_text(json.dumps({"identities": [admin, ANONYMOUS]}))
    (directory / "data").mkdir()
    ports = {name: str(find_port()) for name in ("s3", "master", "volume", "filer")}
    command = [
        *(str(PROGRAMS / "weed"), "server", "-dir", str(directory / "data")),
        *("-ip", "127.0.0.1", "-ip.bind", "127.0.0.1", "-filer", "-s3", "-s3.port", ports["s3"]),
        *("-s3.config", str(directory / "s3.json"), "-master.port", ports["master"]),
        *("-volume.port", ports["volume"], "-filer.port", ports["filer"]),
        *("-master.volumeSizeLimitMB", "64", "-master.telemetry=false"),
        # By default these are the ports plus 10,000, which may not exist.
        *(f"-{part}.port.grpc={find_port()}" for part in ports),
    ]
    url = f"http://127.0.0.1:{ports['s3']}"
    with run_program(command, directory / "log", f"{url}/healthz"):
        yield url


@pytest.fixture
def name(store: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A prefix of the test's own in the bucket ``wheels``."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", store)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "admin")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    make_bucket(store)
    return f"wheels/t{abs(hash(request.node.name)) % 10**8}"


@functools.cache
def make_bucket(store: str) -> None:
    client = boto3.client("s3", endpoint_url=store, config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="wheels")


def open_prefix(name: str, *, breaks_lock: bool = False) -> S3:
    destination = parse_destination(f"s3:{name}", Access(stamp=STAMP, breaks_lock=breaks_lock))
    assert isinstance(destination, S3)
    return destination


def list_versions(store: str, name: str) -> list[str]:
    with urllib.request.urlopen(f"{store}/{name}/simple/app/index.json") as page:  # noqa: S310
        return list(json.load(page)["versions"])


def test_a_bundle_is_imported_rolled_back_and_withdrawn(
    store: str, name: str, tmp_path: Path
) -> None:
    first, newer = sound(tmp_path), second(tmp_path)
    imported = import_bundle(first, open_prefix(name), quiet, stamp=STAMP)
    again = import_bundle(first, open_prefix(name), quiet, stamp=STAMP)
    import_bundle(newer, open_prefix(name), quiet, stamp=STAMP)
    open_prefix(name).verify()
    both = list_versions(store, name)
    undo.roll_back(open_prefix(name), "", quiet, stamp=STAMP)
    rolled_back = list_versions(store, name)
    import_bundle(newer, open_prefix(name), quiet, stamp=STAMP)
    with pytest.raises(NotProven):
        undo.withdraw(open_prefix(name), ("dep", "1.5"), "", quiet, stamp=STAMP)
    undo.withdraw(open_prefix(name), ("app", "1.0"), "CVE-2026-1", quiet, stamp=STAMP)
    open_prefix(name).verify()

    assert [filename.split("-")[0] for filename in imported.copied] == ["dep", "app"]
    assert (again.is_new, again.copied, again.pages) == (False, (), 0)
    assert (both, rolled_back) == (["1.0", "2.0"], ["1.0"])
    assert list_versions(store, name) == ["2.0"]
    assert [line.action for line in open_prefix(name).read_ledger().lines] == [
        "import",
        "import",
        "roll back",
        "import",
        "withdraw",
    ]


def test_pages_have_a_type_and_are_revalidated_and_files_are_not(
    store: str, name: str, tmp_path: Path
) -> None:
    """Import reports I7 and I8: the page that clients get, and how a store names it."""
    import_bundle(sound(tmp_path), open_prefix(name), quiet, stamp=STAMP)

    headers = {}
    for path in ("simple/app/index.html", "simple/app/index.json", f"files/{APP}"):
        with urllib.request.urlopen(f"{store}/{name}/{path}") as answer:  # noqa: S310
            headers[path] = (answer.headers["Content-Type"], answer.headers["Cache-Control"])

    assert headers == {
        "simple/app/index.html": ("text/html; charset=utf-8", "no-cache"),
        "simple/app/index.json": ("application/vnd.pypi.simple.v1+json", "no-cache"),
        f"files/{APP}": ("application/octet-stream", "public, max-age=31536000, immutable"),
    }


def test_a_second_import_is_refused_while_the_first_holds_the_lock(
    name: str, tmp_path: Path
) -> None:
    """Import report I9: two imports at once."""
    bundle = sound(tmp_path)

    with open_prefix(name).lock(quiet), pytest.raises(NotWritten) as caught:
        import_bundle(bundle, open_prefix(name), quiet, stamp=STAMP)
    with open_prefix(name).lock(quiet):
        broken = import_bundle(bundle, open_prefix(name, breaks_lock=True), quiet, stamp=STAMP)

    assert str(caught.value) == (
        f"s3:{name}: another import is writing here: {STAMP.who} since {STAMP.when}\n"
        "  hint: wait until it has ended; if it was killed, --break-lock removes its lock"
    )
    assert broken.is_new


def test_a_ledger_that_changed_meanwhile_is_not_replaced(name: str, tmp_path: Path) -> None:
    """Import report I9: two writers that both read before either writes."""
    destination = open_prefix(name)
    before = destination.read_ledger(STAMP)
    extra = make_wheel(tmp_path / "o", "extra", "1.0")
    other = make_bundle(tmp_path / "b2", [extra], [requirement("extra")], name="b")
    import_bundle(other, open_prefix(name), quiet, stamp=STAMP)

    with pytest.raises(NotWritten, match="expected the ledger that was read"):
        destination._write_ledger(before, open_prefix(name).read_ledger(STAMP))


def test_a_file_that_was_removed_comes_back_with_its_bundle(name: str, tmp_path: Path) -> None:
    first = sound(tmp_path)
    import_bundle(first, open_prefix(name), quiet, stamp=STAMP)
    import_bundle(second(tmp_path), open_prefix(name), quiet, stamp=STAMP)
    open_prefix(name).remove([APP])

    with pytest.raises(NotVerified, match=r"acme 2026\.1 brings it"):
        open_prefix(name).verify()
    healed = import_bundle(first, open_prefix(name), quiet, stamp=STAMP)

    assert healed.copied == (APP,)
    open_prefix(name).verify()


def test_pip_installs_through_a_web_server_that_adds_index_html(
    store: str, name: str, tmp_path: Path
) -> None:
    """
    Import report I8: an object store has no directories.

    SeaweedFS keeps no object under a key that ends with a slash, so a website endpoint or a web
    server has to add ``index.html``.
    """
    import_bundle(second(tmp_path), open_prefix(name), quiet, stamp=STAMP)

    with run_front(store) as front:
        installed = install(f"{front}/{name}/simple/", "app", tmp_path / "i")

    assert installed == "app-2.0 dep-1.5 zeta-1.0"


@contextmanager
def run_front(store: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = f"{self.path}index.html" if self.path.endswith("/") else self.path
            with urllib.request.urlopen(f"{store}{path}") as answer:  # noqa: S310 - loopback
                content = answer.read()
                self.send_response(200)
                self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with run_server(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_a_store_that_does_not_answer_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{find_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(IndexUnavailable, match="no answer of the store"):
        import_bundle(sound(tmp_path), open_prefix(name), quiet, stamp=STAMP)
