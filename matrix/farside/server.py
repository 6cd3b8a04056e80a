"""
A small server of the Simple API for the first look at a bundle or a static destination.

It reads, never writes, and listens on loopback only: other machines are served by a web server.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar, Final

from matrix.destinations.destination import Say
from matrix.edge import files
from matrix.errors import NotVerified, NotWritten, Problem, printable

HOST: Final = "127.0.0.1"
PORT: Final = 8080
HTML: Final = "text/html"
JSON: Final = "application/vnd.pypi.simple.v1+json"
# PEP 691. What a page is called, by what a client accepts.
_PAGE_BY_TYPE: Final[Mapping[str, tuple[str, str]]] = {
    JSON: ("index.json", JSON),
    "application/vnd.pypi.simple.latest+json": ("index.json", JSON),
    "application/vnd.pypi.simple.v1+html": (
        "index.html",
        "application/vnd.pypi.simple.v1+html",
    ),
    "application/vnd.pypi.simple.latest+html": (
        "index.html",
        "application/vnd.pypi.simple.v1+html",
    ),
    HTML: ("index.html", f"{HTML}; charset=utf-8"),
    "text/*": ("index.html", f"{HTML}; charset=utf-8"),
    "*/*": ("index.html", f"{HTML}; charset=utf-8"),
}
_TYPE_BY_SUFFIX: Final[Mapping[str, str]] = {
    ".html": f"{HTML}; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_QUALITY: Final = re.compile(r"q=([01](?:\.[0-9]{0,3})?)", re.ASCII)


def choose_page(accept: str) -> tuple[str, str] | None:
    """
    The page that an ``Accept`` header asks for, and its type; None for no type of ours.

    >>> choose_page("text/html;q=0.1, application/vnd.pypi.simple.v1+json")
    ('index.json', 'application/vnd.pypi.simple.v1+json')
    >>> choose_page("image/png") is None
    True
    """
    best, page = 0.0, None
    for part in (accept or "*/*").lower().split(","):
        kind, *parameters = (text.strip() for text in part.split(";"))
        qualities = [match for text in parameters if (match := _QUALITY.fullmatch(text))]
        quality = float(qualities[0][1]) if qualities else 1.0
        if kind in _PAGE_BY_TYPE and quality > best:
            best, page = quality, _PAGE_BY_TYPE[kind]
    return page


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD from one directory."""

    protocol_version = "HTTP/1.1"
    server_version = "wheelyard"
    sys_version = ""
    # A client that says nothing must not keep a thread for ever.
    timeout: ClassVar[float | None] = 60.0

    def __init__(self, *arguments: object, top: Path, say: Say) -> None:
        self._top, self._say = top, say
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name
        self._say(printable(format % arguments))

    def _answer(self) -> None:
        address = urllib.parse.urlsplit(self.path).path
        path = _find_path(self._top, address)
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND)
        elif not path.is_dir():
            self._send(path, _TYPE_BY_SUFFIX.get(path.suffix, "application/octet-stream"))
        elif not address.endswith("/"):
            self._redirect(f"{address}/")
        elif path == self._top and not (path / "index.html").is_file():
            self._redirect("/simple/")
        elif (page := choose_page(self.headers.get("Accept", ""))) is None:
            self._refuse(HTTPStatus.NOT_ACCEPTABLE)
        else:
            self._send(path / page[0], page[1])

    def _redirect(self, address: str) -> None:
        self.send_response(HTTPStatus.FOUND)
        # Two slashes at the start would name another host.
        self.send_header("Location", f"/{address.lstrip('/')}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, path: Path, kind: str) -> None:
        try:
            stream = files.open_regular(path)
        except OSError:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        with stream:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(os.fstat(stream.fileno()).st_size))
            self.send_header("Vary", "Accept")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if self.command == "GET":
                for chunk in iter(functools.partial(stream.read, files.CHUNK), b""):
                    self.wfile.write(chunk)


def _find_path(top: Path, address: str) -> Path | None:
    """The file or directory of an address; None for one that is hidden or leads out."""
    names = [name for name in urllib.parse.unquote(address).split("/") if name]
    if any(name.startswith(".") or not name.isprintable() or "\\" in name for name in names):
        return None
    path = top.joinpath(*names)
    try:
        is_inside = path.resolve().is_relative_to(top.resolve()) and path.exists()
    except (OSError, ValueError):
        return None
    return path if is_inside else None


@contextlib.contextmanager
def open_server(top: Path, *, port: int, say: Say) -> Iterator[http.server.ThreadingHTTPServer]:
    """Yield a server of the pages below ``top`` that listens already; port 0 is any free one."""
    if not (top / "simple" / "index.html").is_file():
        what = "expected a bundle or a static destination with simple/, got none"
        raise NotVerified(Problem(place=str(top), what=what, hint="name the directory itself"))
    handler = functools.partial(_Handler, top=top, say=say)
    try:
        server = http.server.ThreadingHTTPServer((HOST, port), handler)
    except (OSError, OverflowError) as error:
        what = f"cannot listen on port {port}: {getattr(error, 'strerror', '') or error}"
        raise NotWritten(Problem(place=HOST, what=what, hint="--port 0")) from error
    with server:
        yield server


def serve(top: Path, *, port: int, say: Say) -> None:
    """Serve ``top`` until an interrupt."""
    with open_server(top, port=port, say=say) as server, contextlib.suppress(KeyboardInterrupt):
        say(f"serving {top}: http://{HOST}:{server.server_address[1]}/simple/ (Ctrl-C ends it)")
        server.serve_forever(poll_interval=0.2)
