"""
HTTP as this tool needs it: patient with a busy server, at an end with a broken one, and never half
a body.

One pooled ``httpx`` client serves all threads. What is worth a second try (no connection, 429, 5xx)
gets three more, with growing pauses or the server's own ``Retry-After``; everything else is said at
once.
"""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from matrix.errors import IndexUnavailable, Problem
from matrix.index.configuration import Settings

PAUSES: Final = (0.5, 2.0, 6.0)
LONGEST_PAUSE: Final = 60.0
_TIMEOUT: Final = httpx.Timeout(60.0, connect=20.0)
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_HINT: Final = (
    "set network.index in packages.yaml, or PIP_INDEX_URL, to an index that this machine reaches"
)


class Transport:
    """Requests to one index and to the file servers that it names."""

    def __init__(self, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.index = settings.url
        self._sleep = sleep
        context: ssl.SSLContext | bool = True
        if settings.ca_bundle:
            try:
                context = ssl.create_default_context(cafile=settings.ca_bundle)
            except OSError as error:
                what = f"cannot be used as certificates: {error.strerror or error}"
                raise IndexUnavailable(Problem(place=settings.ca_bundle, what=what)) from error
        self._client = httpx.Client(
            verify=context,
            timeout=_TIMEOUT,
            follow_redirects=True,
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
        )

    def close(self) -> None:
        self._client.close()

    def get(self, url: str, *, headers: Mapping[str, str], wanted: str) -> httpx.Response:
        """
        The whole answer to one request; ``wanted`` is what a message calls it.

        Statuses 200, 206, 304 and 404 are answers. Raises ``IndexUnavailable`` for everything else.
        """
        response = self._patiently(lambda: self._client.get(url, headers=headers), url, wanted)
        if response.status_code in {200, 206, 304, 404}:
            return response
        raise self._unavailable(url, wanted, f"status {response.status_code}")

    @contextlib.contextmanager
    def stream(self, url: str, *, wanted: str) -> Iterator[Iterator[bytes]]:
        """Yield the chunks of a file."""

        def send() -> httpx.Response:
            return self._client.send(self._client.build_request("GET", url), stream=True)

        response = self._patiently(send, url, wanted)
        with contextlib.closing(response):
            if response.status_code != httpx.codes.OK:
                raise self._unavailable(url, wanted, f"status {response.status_code}")
            try:
                yield response.iter_bytes(1 << 20)
            except httpx.HTTPError as error:
                raise self._unavailable(url, wanted, _reason(error)) from error

    def _patiently(
        self, send: Callable[[], httpx.Response], url: str, wanted: str
    ) -> httpx.Response:
        for pause in (*PAUSES, None):
            try:
                response = send()
            except httpx.TransportError as error:
                if pause is None:
                    raise self._unavailable(url, wanted, _reason(error)) from error
                self._sleep(pause)
                continue
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise self._unavailable(url, wanted, _reason(error)) from error
            if response.status_code not in _BUSY or pause is None:
                return response
            response.close()
            self._sleep(_asked_pause(response) or pause)
        raise AssertionError  # the last pause is None, and that round returns or raises

    def _unavailable(self, url: str, wanted: str, reason: str) -> IndexUnavailable:
        what = f"expected {wanted}, got {reason}"
        return IndexUnavailable(Problem(place=without_password(url), what=what, hint=_HINT))


def without_password(url: str) -> str:
    """``url`` as it may stand in a log."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]))


def _asked_pause(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), LONGEST_PAUSE) if text.isdigit() else 0.0


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
