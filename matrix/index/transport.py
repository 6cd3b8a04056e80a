"""
HTTP as this tool needs it: patient with a busy server, at an end with a broken one, and never half
a body.

What is worth a second try (no connection, one that broke, 429, 5xx) gets three more, with growing
pauses or the server's own ``Retry-After``; everything else is said at once. A file that breaks off
is continued where it broke off: its digest is checked afterwards.
"""

import contextlib
import dataclasses
import email.utils
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ProxyError

from matrix.edge import limits
from matrix.errors import Problem
from matrix.index import addresses
from matrix.index.connections import Connections
from matrix.index.no_answer import NoAnswer
from matrix.index.settings import Settings

PAUSES: Final = (0.5, 2.0, 6.0)
LONGEST_PAUSE: Final = 60.0
LARGEST: Final = 512 << 20
"""Bytes of a page or of metadata; the largest project pages known have 40 MB."""
REDIRECTIONS: Final = 10
_LONGEST_NUMBER: Final = 18
CHUNK: Final = 1 << 20
OK: Final = 200
PARTIAL: Final = 206
NOT_MODIFIED: Final = 304
NOT_FOUND: Final = 404
ANSWERS: Final = frozenset({OK, PARTIAL, NOT_MODIFIED, NOT_FOUND})
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_BUSY: Final = frozenset({_TOO_MANY, 500, 502, 503, 504})
_STORED: Final = frozenset({OK, 201})
_DELETED: Final = frozenset({202, 204, NOT_FOUND})
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_HINT: Final = (
    "set network.index in packages.yaml, or PIP_INDEX_URL, to an index that this machine reaches"
)
_HINT_PROXY: Final = (
    "check HTTPS_PROXY, HTTP_PROXY, NO_PROXY and pip's proxy: the proxy {proxy} did not answer"
)
_HINT_CERTIFICATES: Final = (
    "set network.ca-bundle in packages.yaml, or PIP_CERT, to the certificates of this network"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response, whole."""

    status_code: int
    headers: Mapping[str, str]
    url: str
    """Where it came from in the end, after redirections."""
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A response whose body is not yet read."""

    status_code: int
    headers: Mapping[str, str]
    url: str
    body: urllib3.BaseHTTPResponse


R = TypeVar("R", Answer, _Opened)


class _Refused(Exception):
    """A response that no second try makes better."""


def _ignore(_text: str) -> None:
    """Log nothing."""


class Transport:
    """Requests to one index and to the file servers that it names."""

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
        largest: int = LARGEST,
        log: Callable[[str], object] = _ignore,
        hint: str = _HINT,
    ) -> None:
        self.index = settings.url
        self.internal = settings.internal
        self.clock = clock
        self._timer = timer
        self._hint = hint
        self.log = log
        """Called with a line for each request, and by others for each that the cache spares."""
        self._closed = threading.Event()
        # An event that close() sets ends every pause at once.
        self._sleep = sleep or self._closed.wait
        self._largest = largest
        self._proxies = settings.proxies
        self._connections = Connections(settings)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The indexes, which may contain logins."""
        return (self.index, self.internal) if self.internal else (self.index,)

    def close(self) -> None:
        self._closed.set()
        self._connections.close()

    def get(self, url: str, *, headers: Mapping[str, str], wanted: str) -> Answer:
        """
        The whole answer to one request; ``wanted`` is what a message calls it.

        Statuses 200, 206, 304 and 404 are answers. Raises ``IndexUnavailable`` for everything else.
        """
        answer = self._patiently(lambda: self._read(url, headers), url, wanted)
        if answer.status_code in ANSWERS:
            return answer
        status = answer.status_code
        raise self._unavailable(url, wanted, _describe_status(status, answer.headers), status)

    @contextlib.contextmanager
    def stream(self, url: str, *, wanted: str) -> Iterator[Iterator[bytes]]:
        """Yield the chunks of a file."""
        with contextlib.closing(self._chunks(url, wanted)) as chunks:
            yield chunks

    def put(self, url: str, content: bytes | Path, *, wanted: str) -> None:
        """Upload bytes or a file; an upload that is tried again may be there twice."""
        answer = self._patiently(lambda: self._send("PUT", url, content), url, wanted)
        if answer.status_code not in _STORED:
            reason = _describe_status(answer.status_code, answer.headers)
            raise self._unavailable(url, f"to upload {wanted}", reason, answer.status_code)

    def delete(self, url: str, *, wanted: str) -> bool:
        """Delete what ``url`` names; whether that was allowed."""
        answer = self._patiently(lambda: self._send("DELETE", url, b""), url, wanted)
        return answer.status_code in _DELETED

    def _send(self, method: str, url: str, content: bytes | Path) -> Answer:
        with contextlib.ExitStack() as stack:
            if isinstance(content, Path):
                body: bytes | BinaryIO = stack.enter_context(content.open("rb"))
                size = content.stat().st_size
            else:
                body, size = content, len(content)
            headers = {"Content-Length": str(size)}
            response = self._connections.send(url, headers, method=method, body=body)
            self.log(f"{method} {self._without_secrets(url)}: {response.status}")
            with contextlib.closing(response):
                return Answer(
                    status_code=response.status,
                    headers=response.headers,
                    url=url,
                    content=self._content(response),
                )

    def _chunks(self, url: str, wanted: str) -> Generator[bytes]:
        got = 0
        for pause in (*PAUSES, None):
            with contextlib.closing(self._open_at(got, url, wanted)) as body:
                try:
                    for chunk in body.stream(CHUNK, decode_content=False):
                        got += len(chunk)
                        yield chunk
                except HTTPError as error:
                    if pause is None:
                        raise self._unavailable(url, wanted, _reason(error)) from error
                    self._sleep(pause)
                else:
                    return

    def _open_at(self, offset: int, url: str, wanted: str) -> urllib3.BaseHTTPResponse:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        opened = self._patiently(lambda: self._begin(url, headers), url, wanted)
        begins = opened.headers.get("Content-Range", "")
        if opened.status_code == OK and not offset:
            return opened.body
        if opened.status_code == PARTIAL and begins.startswith(f"bytes {offset}-"):
            return opened.body
        opened.body.close()
        reason = _describe_status(opened.status_code, opened.headers)
        if offset:
            reason = f"{offset} bytes and {reason} for the rest"
        raise self._unavailable(url, wanted, reason, opened.status_code)

    def _begin(self, url: str, headers: Mapping[str, str]) -> _Opened:
        opened = self._open(url, headers)
        if _is_busy(opened):
            opened.body.close()
        return opened

    def _read(self, url: str, headers: Mapping[str, str]) -> Answer:
        opened = self._open(url, headers)
        with contextlib.closing(opened.body):
            content = self._content(opened.body)
        return Answer(
            status_code=opened.status_code,
            headers=opened.headers,
            url=opened.url,
            content=content,
        )

    def _content(self, response: urllib3.BaseHTTPResponse) -> bytes:
        length = response.headers.get("Content-Length", "")
        if (parse_count(length) or 0) > self._largest:
            raise _Refused(f"{length} bytes, more than {self._largest}")
        limit = limits.cap("seconds of an answer")
        start = self._timer()
        content = bytearray()
        # What has arrived, and not a whole piece: a slow server would be waited for at each byte.
        while chunk := response.read1(CHUNK, decode_content=True):
            content += chunk
            if len(content) > self._largest:
                raise _Refused(f"more than {self._largest} bytes")
            if self._timer() - start > limit:
                raise _Refused(f"{len(content)} bytes in {limit} seconds, and not all of it")
        return bytes(content)

    def _open(self, url: str, headers: Mapping[str, str]) -> _Opened:
        """Follow redirections to a response."""
        for _ in range(REDIRECTIONS + 1):
            body = self._connections.send(url, headers)
            self.log(f"GET {self._without_secrets(url)}: {body.status}")
            status, location = body.status, body.headers.get("Location", "")
            if status not in _MOVED or not location:
                return _Opened(status_code=status, headers=body.headers, url=url, body=body)
            body.close()
            try:
                following = urljoin(url, location)
                scheme = urlsplit(following).scheme
            except ValueError as error:
                raise _Refused("a redirection to what is no address") from error
            if urlsplit(url).scheme == "https" and scheme != "https":
                raise _Refused(f"a redirection to {addresses.without_password(following)}")
            url = following
        raise _Refused(f"more than {REDIRECTIONS} redirections")

    def _patiently(self, attempt: Callable[[], R], url: str, wanted: str) -> R:
        for pause in (*PAUSES, None):
            wanted_pause = 0.0
            try:
                response = attempt()
            except (_Refused, ValueError) as error:
                # ValueError: an address, of a file or a proxy, that is none.
                raise self._unavailable(url, wanted, str(error)) from error
            except HTTPError as error:
                if pause is None or self._closed.is_set() or _certificate_error(error):
                    raise self._explain_failure(url, wanted, error) from error
            else:
                if not _is_busy(response) or pause is None:
                    return response
                wanted_pause = self._parse_retry_after(response.headers.get("Retry-After", ""))
            self._sleep(wanted_pause or pause)
        raise AssertionError  # the last pause is None, and that round returns or raises

    def _explain_failure(self, url: str, wanted: str, error: HTTPError) -> NoAnswer:
        hint = self._hint
        if _certificate_error(error):
            hint = _HINT_CERTIFICATES
        elif isinstance(error, ProxyError):
            proxy = addresses.proxy(url, self._proxies)
            hint = _HINT_PROXY.format(proxy=addresses.without_password(proxy))
        return self._unavailable(url, wanted, _reason(error), hint=hint)

    def _unavailable(
        self, url: str, wanted: str, reason: str, status: int = 0, *, hint: str = ""
    ) -> NoAnswer:
        place = self._without_secrets(url)
        what = f"expected {wanted}, got {reason}"
        problem = Problem(place=place, what=what, hint=hint or self._hint)
        return NoAnswer(problem, reason=reason, status=status)

    def _without_secrets(self, url: str) -> str:
        """``url`` for people: the query of another host may be a signature that opens a file."""
        shown = addresses.without_password(url)
        own = {addresses.origin(address) for address in self.addresses}
        return shown if addresses.origin(url) in own else shown.partition("?")[0]

    def _parse_retry_after(self, text: str) -> float:
        """Retry-After: seconds, or a date (RFC 9110)."""
        if (seconds := parse_count(text)) is not None:
            return min(float(seconds), LONGEST_PAUSE)
        try:
            until = email.utils.parsedate_to_datetime(text).timestamp()
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return 0.0
        return min(max(until - self.clock(), 0.0), LONGEST_PAUSE)


def parse_count(text: str) -> int | None:
    """The number in a header; None when it is none, or none that a server would mean."""
    # isdigit() alone is true of "\u00b2", which int() refuses, as it refuses 5,000 digits.
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else None


def _is_busy(response: Answer | _Opened) -> bool:
    """Whether the same request may be answered later."""
    # GitHub says 403 for a rate limit, too.
    is_limited = response.status_code == _FORBIDDEN and (
        _is_rate_limit(response.headers) or "Retry-After" in response.headers
    )
    return response.status_code in _BUSY or is_limited


def _is_rate_limit(headers: Mapping[str, str]) -> bool:
    return headers.get("X-RateLimit-Remaining") == "0"


def _describe_status(status: int, headers: Mapping[str, str]) -> str:
    if status in {_FORBIDDEN, _TOO_MANY} and _is_rate_limit(headers):
        return f"status {status}: no requests are left in the rate limit"
    return f"status {status}"


def _certificate_error(error: HTTPError) -> bool:
    return any(isinstance(inner, ssl.SSLCertVerificationError) for inner in error.args)


def _reason(error: HTTPError) -> str:
    """What the system said: urllib3 wraps it into sentences that name objects."""
    inner = next((arg for arg in error.args if isinstance(arg, Exception)), error.__cause__)
    return str(inner or error).strip() or type(error).__name__
