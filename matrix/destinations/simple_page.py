"""A page of the Simple API as a server shows it: JSON (PEP 691) or HTML (PEP 503)."""

from __future__ import annotations

import dataclasses
import html.parser
import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from matrix.destinations.http_server import Answer, Server
from matrix.errors import IndexUnavailable, Problem

JSON: Final = "application/vnd.pypi.simple.v1+json"
ACCEPT: Final = f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_SHA256: Final = re.compile(r"sha256=([0-9a-f]{64})", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class PageFile:
    """One file of a project's page."""

    filename: str
    url: str
    """Absolute, without its fragment."""
    sha256: str
    """Empty if the page does not say it."""
    requires_python: str
    has_metadata: bool
    """Whether the page promises ``FILE.metadata`` beside it."""


def fetch_page(server: Server, url: str) -> tuple[PageFile, ...]:
    """The files of the project's page at ``url``; none where there is no such project."""
    answer = server.get(url, accept=ACCEPT)
    if answer.status == 404:  # noqa: PLR2004 - HTTP
        return ()
    if not answer.is_success:
        raise IndexUnavailable(Problem(place=url, what=f"no page: {answer.describe()}"))
    return parse_page(answer)


def parse_page(answer: Answer) -> tuple[PageFile, ...]:
    """The files of a page, in the order in which it names them."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    try:
        files = list(_read_json(answer) if kind == JSON else _read_html(answer))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = "expected a page of the Simple API, got something else"
        raise IndexUnavailable(Problem(place=answer.url, what=what)) from error
    return tuple(file for file in files if file.filename)


def _read_json(answer: Answer) -> Iterator[PageFile]:
    for file in answer.parse_json()["files"]:
        metadata = file.get("core-metadata", file.get("dist-info-metadata", False))
        yield PageFile(
            filename=str(file["filename"]),
            url=urljoin(answer.url, file["url"]),
            sha256=str(file["hashes"].get("sha256", "")).lower(),
            requires_python=file.get("requires-python") or "",
            has_metadata=bool(metadata),
        )


def _read_html(answer: Answer) -> Iterator[PageFile]:
    parser = _Links()
    parser.feed(answer.content.decode("utf-8", errors="replace"))
    for attributes in parser.links:
        url, fragment = urldefrag(urljoin(answer.url, attributes["href"] or ""))
        sha256 = _SHA256.search(fragment)
        yield PageFile(
            filename=unquote(urlsplit(url).path.rpartition("/")[2]),
            url=url,
            sha256=sha256.group(1).lower() if sha256 else "",
            requires_python=attributes.get("data-requires-python") or "",
            has_metadata="data-core-metadata" in attributes
            or "data-dist-info-metadata" in attributes,
        )


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and dict(attrs).get("href"):
            self.links.append(dict(attrs))


def list_projects(server: Server, url: str) -> frozenset[str]:
    """The names on the root page at ``url``, as they stand there."""
    answer = server.get(url, accept=ACCEPT)
    if not answer.is_success:
        raise IndexUnavailable(Problem(place=url, what=f"no page: {answer.describe()}"))
    try:
        return frozenset(project["name"] for project in json.loads(answer.content)["projects"])
    except (ValueError, KeyError, TypeError):
        return frozenset(file.url.rstrip("/").rpartition("/")[2] for file in _read_html(answer))
