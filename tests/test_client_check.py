"""An import is finished when clients see it: ``import --check URL``."""

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from matrix.destinations.access import Access
from matrix.destinations.client_check import ClientCheck
from matrix.errors import IndexUnavailable
from matrix.farside.command import main as far
from matrix.verify.verify import verify

from .bundles import make_bundle, requirement, sound
from .destinations import import_bundle, quiet, second
from .servers import run_server
from .wheels import make_wheel

APP = "app-1.0-py2.py3-none-any.whl"


class Front(http.server.SimpleHTTPRequestHandler):
    """A web server with the faults of a test."""

    directory_served = ""
    refused = "nothing that exists"
    status = 404
    kind = ""
    page_by_path: dict[str, bytes]

    def do_GET(self) -> None:
        if self.refused in self.path:
            self.send_error(self.status)
        elif self.path in self.page_by_path:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Age", "3000")
            self.end_headers()
            self.wfile.write(self.page_by_path[self.path])
        else:
            super().do_GET()

    def guess_type(self, path: object) -> str:
        return self.kind if self.kind and str(path).endswith("/") else super().guess_type(str(path))

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(directory: Path, **faults: object) -> Iterator[str]:
    handler = type("Faulty", (Front,), {"page_by_path": {}, **faults})

    def make(*arguments: object) -> http.server.BaseHTTPRequestHandler:
        return handler(*arguments, directory=str(directory))  # type: ignore[no-any-return]

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), make)
    with run_server(server):
        yield f"http://127.0.0.1:{server.server_port}"


def check(url: str, bundle: Path, waits: list[float] | None = None) -> int:
    access = Access(limit=2, sleep=(waits if waits is not None else []).append)
    record = verify(bundle).record
    return ClientCheck(f"{url}/simple/", access).check(record.wheels, [APP])


def refuse(url: str, bundle: Path) -> list[str]:
    with pytest.raises(IndexUnavailable) as caught:
        check(url, bundle)
    return [str(problem).replace(url, "URL") for problem in caught.value.problems]


def test_an_import_that_clients_see_is_finished(tmp_path: Path) -> None:
    bundle, served = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, served, quiet)

    with serve(served) as url:
        assert check(url, bundle) == 1
        command = ["import", str(bundle), "--to", str(served), "--check", f"{url}/simple/"]
        assert far([*command, "--quiet"]) == 0


def test_a_cache_that_shows_the_old_page_is_named_with_its_age(tmp_path: Path) -> None:
    """Import report I7."""
    served, newer = tmp_path / "d", second(tmp_path)
    import_bundle(sound(tmp_path), served, quiet)
    old = (served / "simple/app/index.html").read_bytes()
    import_bundle(newer, served, quiet)
    waits: list[float] = []

    with serve(served, page_by_path={"/simple/app/": old}) as url:
        with pytest.raises(IndexUnavailable) as caught:
            check(url, newer, waits)
        text = str(caught.value).replace(url, "URL")

    assert text == (
        "URL/simple/app/: the page does not show app-2.0-py2.py3-none-any.whl, and is 3000 s old\n"
        "  hint: a cache or proxy in between shows an old page, or the address is another index"
    )
    assert waits == [1, 1]


def test_a_server_without_metadata_files_is_named(tmp_path: Path) -> None:
    """Import report I15."""
    bundle, served = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, served, quiet)

    with serve(served, refused=".metadata") as url:
        problems = refuse(url, bundle)

    (problem,) = problems
    assert problem == (
        f"URL/files/{APP}.metadata: the page promises it, but the server answers 404 Not Found\n"
        "  hint: let the server serve *.metadata; pip and uv install nothing without them"
    )


def test_a_name_with_a_plus_sign_is_read_in_any_case(tmp_path: Path) -> None:
    """Import report I6."""
    wheels = [
        make_wheel(tmp_path / "w", "acme_a", "1.0"),
        make_wheel(tmp_path / "w", "acme_local", "1.0+cu118.g1"),
    ]
    wishes = [requirement("acme-a"), requirement("acme-local")]
    bundle, served = make_bundle(tmp_path / "b", wheels, wishes), tmp_path / "d"
    import_bundle(bundle, served, quiet)

    with serve(served, refused="%2B", status=403) as url:
        problems = refuse(url, bundle)

    (problem,) = problems
    assert problem == (
        "URL/files/acme_local-1.0%2Bcu118.g1-py2.py3-none-any.whl: 403 Forbidden\n"
        "  hint: the server refuses a name with '+'; see how it decodes %2B"
    )


def test_pages_that_the_web_server_may_not_read_are_named(tmp_path: Path) -> None:
    """Import report I11."""
    bundle, served = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, served, quiet)

    with serve(served, refused="/simple/", status=403) as url:
        problems = refuse(url, bundle)

    hint = "hint: the web server may not read it: chmod -R a+rX the directory"
    assert problems == [
        f"URL/simple/app/: 403 Forbidden\n  {hint}",
        f"URL/simple/dep/: 403 Forbidden\n  {hint}",
    ]
