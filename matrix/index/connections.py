"""
Pooled connections: one request, one response, nothing followed and nothing tried again.

urllib3 rather than a client on top of it: a run sends a thousand small requests, and what a request
costs in Python is most of what it costs (docs/decisions/0008).
"""

import os
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

import urllib3

from matrix.errors import IndexUnavailable, Problem
from matrix.index import addresses
from matrix.index.settings import Settings

CONNECTIONS: Final = 32
"""At once, to one host."""
_TIMEOUT: Final = urllib3.Timeout(connect=20.0, read=60.0)
# A file server's "Content-Encoding: gzip" on an .sdist.tar.gz must not unpack it, so compression is
# only offered where the caller asks for it.
_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "wheelyard"}


class Connections:
    """Connections to one index, and to the file servers that it names."""

    def __init__(self, settings: Settings) -> None:
        self._proxies = settings.proxies
        self._ca_bundle = settings.ca_bundle
        _check(settings.ca_bundle)
        self._pools: dict[tuple[str, bool], urllib3.PoolManager] = {}
        self._lock = threading.Lock()
        header_by_origin = {
            addresses.origin(url): addresses.authorization(url) for url in settings.urls
        }
        self._own, self._headers = addresses.origin(settings.url), settings.headers
        self._authorization = {
            place: header for place, header in header_by_origin.items() if header
        }

    def send(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        method: str = "GET",
        body: bytes | BinaryIO | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """The response to a request, its body not yet read. Raises urllib3's ``HTTPError``."""
        authorization = addresses.authorization(url) or self._authorization.get(
            addresses.origin(url), ""
        )
        sent = {**_HEADERS, **headers}
        if addresses.origin(url) == self._own:
            sent.update(self._headers)
        if authorization:
            sent["Authorization"] = authorization
        return self._pool(url).request(
            method,
            addresses.without_user(url),
            headers=sent,
            body=body,
            retries=False,
            redirect=False,
            preload_content=False,
            timeout=_TIMEOUT,
        )

    def close(self) -> None:
        for pool in self._pools.values():
            pool.clear()

    def _pool(self, url: str) -> urllib3.PoolManager:
        way = addresses.proxy(url, self._proxies), url.startswith("https:")
        with self._lock:
            if way not in self._pools:
                self._pools[way] = self._make_pool(*way)
            return self._pools[way]

    def _make_pool(self, proxy: str, is_encrypted: bool) -> urllib3.PoolManager:  # noqa: FBT001 - a key
        is_encrypted |= proxy.startswith("https:")
        certificates = _certificates(self._ca_bundle) if is_encrypted else None
        # block: more threads than connections wait, instead of opening one that is thrown away.
        if not proxy:
            return urllib3.PoolManager(maxsize=CONNECTIONS, block=True, ssl_context=certificates)
        password = addresses.authorization(proxy)
        return urllib3.ProxyManager(
            addresses.without_user(proxy),
            maxsize=CONNECTIONS,
            block=True,
            ssl_context=certificates,
            proxy_ssl_context=certificates,
            proxy_headers={"Proxy-Authorization": password} if password else None,
        )


def _check(ca_bundle: str) -> None:
    """Say at once when there is nothing to read; reading it takes as long as twenty requests."""
    try:
        Path(ca_bundle or os.devnull).open("rb").close()
    except OSError as error:
        raise _unusable(ca_bundle, error) from error


def _certificates(ca_bundle: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_bundle or None)
    except OSError as error:
        raise _unusable(ca_bundle, error) from error


def _unusable(ca_bundle: str, error: OSError) -> IndexUnavailable:
    what = f"cannot be used as certificates: {error.strerror or error}"
    return IndexUnavailable(Problem(place=ca_bundle, what=what))
