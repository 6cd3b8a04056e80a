"""Addresses with what does not belong into a message, a cache or another host's request."""

import base64
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

_AUTHORITY: Final = re.compile(r"[^/?#]*@")


def without_password(url: str) -> str:
    """``url`` as it may stand in a log."""
    return _with_user(url, "***@")


def without_user(url: str) -> str:
    """``url`` as it is asked for: name and password travel in a header."""
    return _with_user(url, "")


def authorization(url: str) -> str:
    """The Authorization header for the name and password in ``url``; empty when it has none."""
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at:
        return ""
    return "Basic " + base64.b64encode(unquote(user).encode()).decode("ascii")


def origin(url: str) -> tuple[str, str]:
    """Scheme and host with port: what a password is meant for."""
    parts = urlsplit(without_user(url))
    return parts.scheme.lower(), parts.netloc.lower()


def proxy(url: str, proxies: Mapping[str, str]) -> str:
    """The proxy on the way to ``url``, or nothing; ``proxies`` is what ``getproxies`` tells."""
    parts = urlsplit(url)
    if _is_direct(parts.hostname or "", parts.netloc.rpartition("@")[2], proxies.get("no", "")):
        return ""
    address = proxies.get(parts.scheme) or proxies.get("all") or ""
    return address if "://" in address or not address else f"http://{address}"


def _is_direct(host: str, netloc: str, exceptions: str) -> bool:
    """Whether NO_PROXY names the host, a domain above it, or everything."""
    names = [name.strip().lower().removeprefix("*").lstrip(".") for name in exceptions.split(",")]
    return "*" in exceptions.split(",") or any(
        name and (name in {host, netloc.lower()} or host.endswith(f".{name}")) for name in names
    )


def _with_user(url: str, user: str) -> str:
    """
    Replace the name and password of ``url``, which need not be a whole URL.

    >>> without_password("name:secret@index.example/simple/")
    '***@index.example/simple/'
    """
    scheme, separator, rest = url.partition("//")
    if not separator:
        scheme, rest = "", url
    authority = _AUTHORITY.match(rest)
    if authority is None:
        return url
    return f"{scheme}{separator}{user}{rest[authority.end() :]}"
