"""
An HTTP server that files are put on: one client for every kind of destination.

Only the standard library: ``http.client`` streams a body from disk and tells when a connection was
reset in the middle of it. Credentials go to the server that was named, and to no other.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import http.client
import json
import ssl
import weakref
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from matrix.destinations.access import Access, Login
from matrix.destinations.forms import Body
from matrix.edge.quantities import megabytes
from matrix.errors import IndexUnavailable, MatrixError, NotWritten, Problem

_ATTEMPTS: Final = 4
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_TRANSIENT: Final = frozenset({502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_TIMEOUT: Final = 60
"""Seconds without progress."""
_LONGEST_WAIT: Final = 120
_LARGEST_ANSWER: Final = 256 * 1024 * 1024
_LONGEST_REASON: Final = 300
_SMALL: Final = 1024 * 1024
_USER_AGENT: Final = "wheelyard"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a server answered."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    """Lower case names."""
    content: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP

    def parse_json(self) -> Any:  # noqa: ANN401 - a document
        """The content as JSON; raises ``IndexUnavailable`` for anything else."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            what = "expected JSON, got something else"
            raise IndexUnavailable(Problem(place=self.url, what=what)) from error

    def describe(self) -> str:
        """The status with the server's own words, in one line."""
        text = self.content[:2000].decode("utf-8", errors="replace").strip()
        with contextlib.suppress(ValueError, RecursionError):
            parsed = json.loads(self.content)
            if isinstance(parsed, dict):
                text = str(parsed.get("message", parsed.get("error", text)))
        if text.startswith("<"):
            text = ""
        words = [f"{self.status} {self.reason}".strip(), " ".join(text.split())[:_LONGEST_REASON]]
        return ": ".join(word for word in words if word)


class Server:
    """One server by its address, with a login that is sent to it alone."""

    def __init__(self, url: str, access: Access) -> None:
        self.url = url
        self._access = access
        self.login: Login | None = access.find_login(url)
        self._connections: list[http.client.HTTPConnection] = []
        self._origin = ("", "")
        weakref.finalize(self, _close_all, self._connections)

    def get(self, url: str, *, accept: str = "*/*") -> Answer:
        """GET ``url``, redirects followed."""
        for _ in range(_MOST_REDIRECTS):
            answer = self.request("GET", url, headers={"Accept": accept})
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                return answer
            url = urljoin(url, answer.headers["location"])
        what = f"expected an answer after {_MOST_REDIRECTS} redirects"
        raise IndexUnavailable(Problem(place=self.url, what=what))

    def request(
        self, method: str, url: str, *, body: Body | None = None, headers: Mapping[str, str]
    ) -> Answer:
        """Send one request, and again where the server asks for patience."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self._send(method, url, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self._close()
                if attempt == _ATTEMPTS or isinstance(error, ssl.SSLError) or _is_large(body):
                    raise self._explain(url, error, body) from error
                self._access.sleep(attempt)
                continue
            if attempt == _ATTEMPTS or not _is_transient(answer, body):
                return answer
            self._access.sleep(_read_patience(answer, attempt))
        raise AssertionError

    def _send(self, method: str, url: str, body: Body | None, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(url)
        connection = self._connect(parts.scheme, parts.netloc)
        sent = {"User-Agent": _USER_AGENT, **headers}
        if self.login is not None and (parts.scheme, parts.netloc) == urlsplit(self.url)[:2]:
            pair = f"{self.login.user}:{self.login.password}".encode()
            sent["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if body is not None:
            sent |= {"Content-Type": body.content_type, "Content-Length": str(body.length)}
        connection.request(
            method, path, body=body.read() if body is not None else None, headers=sent
        )
        response = connection.getresponse()
        content = response.read(_LARGEST_ANSWER)
        if response.will_close or not response.isclosed():
            self._close()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(url, response.status, response.reason, named, content)

    def _connect(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if self._connections and self._origin == (scheme, netloc):
            return self._connections[0]
        self._close()
        if scheme == "https":
            context = ssl.create_default_context(cafile=self._access.authorities or None)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                netloc, timeout=_TIMEOUT, context=context
            )
        else:
            connection = http.client.HTTPConnection(netloc, timeout=_TIMEOUT)
        self._connections.append(connection)
        self._origin = (scheme, netloc)
        return connection

    def _close(self) -> None:
        _close_all(self._connections)

    def _explain(self, url: str, error: Exception, body: Body | None) -> MatrixError:
        if isinstance(error, ssl.SSLCertVerificationError):
            what = f"certificate not accepted: {error.verify_message}"
            hint = "SSL_CERT_FILE=FILE names the authorities of your network"
            return IndexUnavailable(Problem(place=url, what=what, hint=hint))
        text = str(error) or type(error).__name__
        if _is_large(body) and isinstance(error, (ConnectionError, http.client.HTTPException)):
            assert body is not None  # noqa: S101 - for the type checker
            what = f"connection ended while {body.name} ({megabytes(body.length)}) was sent: {text}"
            hint = "the server or a proxy before it probably limits the size of a body"
            return NotWritten(Problem(place=url, what=what, hint=hint))
        return IndexUnavailable(Problem(place=url, what=f"no answer: {text}"))


def _close_all(connections: list[http.client.HTTPConnection]) -> None:
    while connections:
        connections.pop().close()


def _is_transient(answer: Answer, body: Body | None) -> bool:
    """Whether the same request may succeed a little later; large bodies are not sent twice."""
    if answer.status == _TOO_MANY:
        return True
    if answer.status in _TRANSIENT:
        return not _is_large(body)
    # A replica fails on the first read of a file that it is fetching.
    return answer.status == _SERVER_ERROR and body is None


def _is_large(body: Body | None) -> bool:
    return body is not None and body.length > _SMALL


def _read_patience(answer: Answer, attempt: int) -> float:
    text = answer.headers.get("retry-after", "")
    return min(float(text), _LONGEST_WAIT) if text.isdecimal() else 2.0**attempt


def refuse(answer: Answer, what: str) -> NotWritten:
    """The error for a write that the server refused; ``what`` was not done."""
    hints = {
        401: "WHEELYARD_USER and WHEELYARD_PASSWORD, --login FILE, or netrc give the login",
        403: "the user may not do this; see the server's permissions",
        413: "raise the limit of the server, or of the proxy before it (client_max_body_size)",
        429: "wait, then run the command again: it goes on where it ended",
    }
    problem = f"{what}: {answer.describe()}"
    if answer.status in _REDIRECTS:
        problem = f"{problem}: {_name_host(answer)} is the address to name"
    return NotWritten(Problem(place=answer.url, what=problem, hint=hints.get(answer.status, "")))


def _name_host(answer: Answer) -> str:
    parts = urlsplit(urljoin(answer.url, answer.headers.get("location", "")))
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
