"""
An index on loopback in a process of its own: ``python -m tests.agreement.serving STORE``.

A store is a directory: ``pages/PROJECT.json`` (PEP 691, links to ``../../files/``),
``metadata/FILENAME`` (core metadata) or, for indexes that are made up, ``releases/PROJECT.json``
(version to the facts that metadata and sdist are written from). Distributions are stubs: the real
name and metadata, and nothing to install.

``/simple/`` is for the tool and for uv. ``/bare/`` is for pip and for what runs pip: wheels alone,
without digests, since no stub has the digest of the real file. With ``--upstream`` the store is
filled from an index as things are asked for. Prints its address when it listens.
"""

import argparse
import asyncio
import functools
import hashlib
import html
import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol

from tests.agreement import stubs

JSON: Final = "application/vnd.pypi.simple.v1+json"
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")

Answer = tuple[HTTPStatus, dict[str, str], bytes]
NOTHING: Final[Answer] = (HTTPStatus.NOT_FOUND, {}, b"")


class Upstream(Protocol):
    """Where a store gets what it has not; nothing is returned for what is not there."""

    def page(self, project: str) -> bytes: ...
    def metadata(self, filename: str) -> bytes: ...


class Store:
    """What is served, as bytes; read when asked for, and kept."""

    def __init__(
        self, directory: Path, *, has_metadata: bool, upstream: Upstream | None = None
    ) -> None:
        self._directory = directory
        self._has_metadata = has_metadata
        self._upstream = upstream
        self.page = functools.cache(self._page)
        self.bare = functools.cache(self._bare)
        self.metadata = functools.cache(self._metadata)
        self.wheel = functools.lru_cache(64)(self._wheel)
        self._releases = functools.cache(self._read_releases)
        self._project = functools.cache(stubs.project_and_version)

    def _page(self, project: str) -> bytes:
        try:
            body = (self._directory / "pages" / f"{project}.json").read_bytes()
        except OSError:
            body = self._upstream.page(project) if self._upstream else b""
        if not body:
            return b""
        if self._has_metadata:
            return body
        page = json.loads(body)
        for file in page["files"]:
            file.pop("core-metadata", None)
        return json.dumps(page).encode()

    def _bare(self, project: str, *, is_html: bool) -> bytes:
        body = self.page(project)
        if not body:
            return b""
        page = json.loads(body)
        page["files"] = [
            {**file, "hashes": {}, "core-metadata": bool(file.get("core-metadata"))}
            for file in page["files"]
            if file["filename"].endswith(".whl")
        ]
        return _as_html(page) if is_html else json.dumps(page).encode()

    def _read_releases(self, project: str) -> dict[str, Any]:
        path = self._directory / "releases" / f"{project}.json"
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    def _metadata(self, filename: str) -> bytes:
        try:
            return (self._directory / "metadata" / filename).read_bytes()
        except OSError:
            if self._upstream:
                return self._upstream.metadata(filename)
            project, version = self._project(filename)
        try:
            return stubs.metadata(project, version, self._releases(project)[version])
        except (OSError, KeyError):
            return b""

    def _wheel(self, filename: str) -> bytes:
        found = self.metadata(filename)
        if not found:
            return b""
        if filename.endswith(".whl"):
            return stubs.wheel(filename, found, is_large=not self._has_metadata)
        return stubs.sdist(filename, found)


def _as_html(page: dict[str, Any]) -> bytes:
    lines = []
    for file in page["files"]:
        python = html.escape(file.get("requires-python") or "")
        yanked = ' data-yanked=""' if file.get("yanked") else ""
        attributes = f' data-requires-python="{python}"{yanked}' if python else yanked
        lines.append(f'<a href="{file["url"]}"{attributes}>{file["filename"]}</a><br>')
    return ("<!DOCTYPE html><html><body>\n" + "\n".join(lines) + "\n</body></html>").encode()


def answer(store: Store, path: str, headers: dict[str, str]) -> Answer:
    """What the index says to one GET."""
    parts = path.partition("?")[0].strip("/").split("/")
    if parts[0] == "bare":
        parts, is_bare = parts[1:], True
    else:
        is_bare = False
    match parts:
        case ["simple", project]:
            return _page(store, project, headers, is_bare=is_bare)
        case ["files", filename] if filename.endswith(".metadata"):
            body = store.metadata(filename.removesuffix(".metadata"))
            return (HTTPStatus.OK, {"Content-Type": "text/plain"}, body) if body else NOTHING
        case ["files", filename]:
            return _ranged(store.wheel(filename), headers.get("range", ""))
        case _:
            return NOTHING


def _page(store: Store, project: str, headers: dict[str, str], *, is_bare: bool) -> Answer:
    is_html = is_bare and JSON not in headers.get("accept", "")
    body = store.bare(project, is_html=is_html) if is_bare else store.page(project)
    if not body:
        return NOTHING
    etag = f'"{_digest(body)}"'
    about = {"ETag": etag, "Content-Type": "text/html" if is_html else JSON}
    if headers.get("if-none-match") == etag:
        return HTTPStatus.NOT_MODIFIED, about, b""
    return HTTPStatus.OK, about, body


@functools.lru_cache(1 << 14)
def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def _ranged(body: bytes, asked: str) -> Answer:
    if not body:
        return NOTHING
    kind = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
    found = _RANGE.fullmatch(asked)
    if found is None:
        return HTTPStatus.OK, kind, body
    first, last = found.groups()
    start = int(first) if first else max(0, len(body) - int(last))
    end = min(int(last) if first and last else len(body) - 1, len(body) - 1)
    span = {"Content-Range": f"bytes {start}-{end}/{len(body)}"}
    return HTTPStatus.PARTIAL_CONTENT, kind | span, body[start : end + 1]


class Connection(asyncio.Protocol):
    """HTTP/1.1 with kept connections, as little of it as clients need."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            self._answer(head.decode("latin-1"))

    def _answer(self, head: str) -> None:
        request, *lines = head.split("\r\n")
        method, path, _ = request.split(" ")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
        status, more, body = answer(self._store, path, headers)
        said = [f"HTTP/1.1 {status} {status.phrase}", f"Content-Length: {len(body)}"]
        said += [f"{name}: {value}" for name, value in more.items()]
        sent = b"" if method == "HEAD" else body
        self._transport.write("\r\n".join([*said, "", ""]).encode() + sent)


async def _serve(store: Store) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(store), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)  # noqa: T201 - it is asked for
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("--without-metadata", action="store_true", help="no PEP 658: ranges only")
    parser.add_argument("--upstream", metavar="URL", help="where to fetch what is not there")
    asked = parser.parse_args()
    upstream: Upstream | None = None
    if asked.upstream:
        from tests.agreement.recording import Recorder  # noqa: PLC0415 - only then

        upstream = Recorder(asked.upstream, asked.store)
    store = Store(asked.store, has_metadata=not asked.without_metadata, upstream=upstream)
    asyncio.run(_serve(store))


if __name__ == "__main__":
    main()
